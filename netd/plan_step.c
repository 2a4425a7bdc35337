// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One step of a plan: its inverse, and how it reads. Pure.
 */
#include "plan.h"

#include "sysctl.h"

bool step_inverse(const struct step *s, struct step *ret)
{
	static const enum step_op inverse[] = {
		[STEP_BRIDGE_ADD] = STEP_LINK_DEL, [STEP_LINK_SET] = STEP_LINK_SET,
		[STEP_LINK_DEL] = STEP_BRIDGE_ADD, [STEP_ADDR_ADD] = STEP_ADDR_DEL,
		[STEP_ADDR_DEL] = STEP_ADDR_ADD,   [STEP_ROUTE_ADD] = STEP_ROUTE_DEL,
		[STEP_ROUTE_DEL] = STEP_ROUTE_ADD, [STEP_SYSCTL] = STEP_SYSCTL,
	};
	static_assert(ARRAY_SIZE(inverse) == STEP_NOPS, "an inverse for each step");
	struct step i = *s;

	/* A tap that went cannot be made again for its holder. */
	if (s->op == STEP_LINK_DEL && !(s->set & LINK_MASTER))
		return false;
	if (s->op == STEP_SYSCTL && s->old_value < 0)
		return false;
	i.op = inverse[s->op];
	i.values = s->old;
	i.old = s->values;
	i.value = s->old_value;
	i.old_value = s->value;
	i.done = false;
	if (s->op == STEP_BRIDGE_ADD || s->op == STEP_LINK_DEL) {
		/* Its index is another one now. */
		i.ifindex = 0;
		i.set = s->op == STEP_LINK_DEL ? LINK_QUIET : LINK_MASTER;
	}
	*ret = i;
	return true;
}

const char *step_object(const struct step *s)
{
	static const char *const objects[] = {
		[STEP_BRIDGE_ADD] = "bridge", [STEP_LINK_SET] = "link",
		[STEP_LINK_DEL] = "link",     [STEP_ADDR_ADD] = "address",
		[STEP_ADDR_DEL] = "address",  [STEP_ROUTE_ADD] = "route",
		[STEP_ROUTE_DEL] = "route",   [STEP_SYSCTL] = "sysctl",
	};
	static_assert(ARRAY_SIZE(objects) == STEP_NOPS, "an object for each step");

	return objects[s->op];
}

const char *step_action(const struct step *s)
{
	static const char *const actions[] = {
		[STEP_BRIDGE_ADD] = "add",   [STEP_LINK_SET] = "change", [STEP_LINK_DEL] = "remove",
		[STEP_ADDR_ADD] = "add",     [STEP_ADDR_DEL] = "remove", [STEP_ROUTE_ADD] = "add",
		[STEP_ROUTE_DEL] = "remove", [STEP_SYSCTL] = "change",
	};
	static_assert(ARRAY_SIZE(actions) == STEP_NOPS, "an action for each step");

	return actions[s->op];
}

static const char *or_none(const char *s)
{
	return *s ? s : "none";
}

static const char *up_text(bool up)
{
	return up ? "up" : "down";
}

/* "mtu 1500 → 1400, master none → br-lab" */
static void format_change(const struct step *s, char *buf, size_t size)
{
	const struct link_values *new = &s->values, *old = &s->old;
	const char *sep = "";
	size_t n = 0;
	char part[2 * MARK_LEN + 16];

	buf[0] = '\0';
	for (unsigned bit = 1; bit <= LINK_ISOLATED; bit <<= 1) {
		if (!(s->set & bit))
			continue;
		part[0] = '\0';
		if (bit == LINK_MASTER)
			snprintf(part, sizeof(part), "master %s → %s", or_none(old->master),
				 or_none(new->master));
		else if (bit == LINK_MTU)
			snprintf(part, sizeof(part), "mtu %u → %u", old->mtu, new->mtu);
		else if (bit == LINK_MAC)
			snprintf(part, sizeof(part), "mac %s → %s", MAC_STR(&old->mac),
				 MAC_STR(&new->mac));
		else if (bit == LINK_ALIAS)
			snprintf(part, sizeof(part), "mark %s → %s", or_none(old->alias),
				 or_none(new->alias));
		else if (bit == LINK_UP)
			snprintf(part, sizeof(part), "%s → %s", up_text(old->up), up_text(new->up));
		else if (old->isolated != new->isolated)
			snprintf(part, sizeof(part), "isolated %d → %d", old->isolated,
				 new->isolated);
		if (part[0] && n < size) {
			n += snprintf(buf + n, size - n, "%s%s", sep, part);
			sep = ", ";
		}
	}
}

const char *step_text(const struct step *s, const struct plan *plan, char buf[static STEP_TEXT_MAX])
{
	char detail[STEP_TEXT_MAX - 64], route[ROUTE_STRLEN];

	switch (s->op) {
	case STEP_BRIDGE_ADD:
		snprintf(buf, STEP_TEXT_MAX, "add bridge %s, mtu %u, mac %s", s->ifname,
			 s->values.mtu, MAC_STR(&s->values.mac));
		break;
	case STEP_LINK_SET:
		format_change(s, detail, sizeof(detail));
		snprintf(buf, STEP_TEXT_MAX, "change %s: %s", s->ifname, detail);
		break;
	case STEP_LINK_DEL:
		snprintf(buf, STEP_TEXT_MAX, "remove %s %s",
			 s->set & LINK_MASTER ? "bridge" : "link", s->ifname);
		break;
	case STEP_ADDR_ADD:
		snprintf(buf, STEP_TEXT_MAX, "add address %s to %s", PREFIX_STR(&s->prefix),
			 s->ifname);
		break;
	case STEP_ADDR_DEL:
		snprintf(buf, STEP_TEXT_MAX, "remove address %s from %s", PREFIX_STR(&s->prefix),
			 s->ifname);
		break;
	case STEP_ROUTE_ADD:
		snprintf(buf, STEP_TEXT_MAX, "add route %s to %s", route_format(s->route, route),
			 s->ifname);
		break;
	case STEP_ROUTE_DEL:
		snprintf(buf, STEP_TEXT_MAX, "remove route %s from %s",
			 route_format(s->route, route), s->ifname);
		break;
	case STEP_SYSCTL:
		snprintf(buf, STEP_TEXT_MAX, "set %s of %s to %d",
			 link_sysctl_name(s->sysctl, plan->force_forwarding), s->ifname, s->value);
		break;
	case STEP_NOPS:
		break;
	}
	return buf;
}

json_t *step_json(const struct step *s, const struct plan *plan, const char *network)
{
	char text[STEP_TEXT_MAX];

	return json_pack("{s:s, s:s, s:s, s:s, s:b}", "network", network, "object", step_object(s),
			 "action", step_action(s), "text", step_text(s, plan, text), "interrupts",
			 (int)s->interrupts);
}
