// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The TFTP server, against a directory of its own.
 */
#include <fcntl.h>
#include <sys/stat.h>

#include "tftp.h"
#include "unit.h"

static char dir[] = "/tmp/test-tftp.XXXXXX";
static struct tftp *server;
static uint8_t last[70000];
static size_t last_len, sent;
static struct tftp_client client = { .port = 2000 };

static void on_send(void *data, const struct tftp_client *to, const uint8_t *p, size_t len)
{
	(void)data;
	(void)to;
	memcpy(last, p, len);
	last_len = len;
	sent++;
}

static void write_file(const char *name, size_t len)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	for (size_t i = 0; i < len; i++)
		fputc((int)(i * 7 & 0xff), f);
	fclose(f);
}

static void start(size_t payload_max)
{
	char path[128];

	if (dir[strlen(dir) - 1] == 'X') {
		CU_ASSERT_FATAL(mkdtemp(dir) != NULL);
		write_file("boot", 1300);
		write_file("even", 1024);
		write_file("empty", 0);
		snprintf(path, sizeof(path), "%s/sub", dir);
		mkdir(path, 0755);
		write_file("sub/x.efi", 10);
		snprintf(path, sizeof(path), "%s/out", dir);
		CU_ASSERT(symlink("/etc/hostname", path) == 0);
		snprintf(path, sizeof(path), "%s/fifo", dir);
		mkfifo(path, 0600);
	}
	tftp_free(server);
	CU_ASSERT_FATAL(tftp_new(open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC), payload_max, on_send,
				 NULL, &server) == 0);
	sent = 0;
}

static int send_bytes(const void *p, size_t len, uint64_t now)
{
	last_len = 0;
	return tftp_packet(server, &client, p, len, now);
}

/* "RRQ" with strings that hold their NULs. */
#define ASK(s) send_bytes("\0\1" s, 2 + sizeof(s), 0)

static int ack(uint16_t block, uint64_t now)
{
	return send_bytes((uint8_t[]){ 0, 4, (uint8_t)(block >> 8), (uint8_t)block }, 4, now);
}

static int error_code(void)
{
	return last_len >= 5 && get_be16(last) == 5 ? get_be16(last + 2) : -1;
}

static void file_comes_in_blocks(void)
{
	start(1472);
	CU_ASSERT(ASK("boot\0octet") == 0);
	CU_ASSERT(last_len == 516 && get_be16(last) == 3 && get_be16(last + 2) == 1);
	CU_ASSERT(last[5] == 7);
	ack(1, 1);
	CU_ASSERT(last_len == 516 && get_be16(last + 2) == 2);
	ack(2, 2);
	CU_ASSERT(last_len == 4 + 276 && get_be16(last + 2) == 3);
	ack(3, 3);
	CU_ASSERT(last_len == 0 && tftp_sessions(server) == 0);
}

static void even_file_ends_with_an_empty_block(void)
{
	start(1472);
	ASK("even\0OCTET");
	ack(1, 1);
	ack(2, 2);
	CU_ASSERT(last_len == 4 && get_be16(last + 2) == 3);
	ack(3, 3);
	CU_ASSERT(tftp_sessions(server) == 0);
	ASK("empty\0octet");
	CU_ASSERT(last_len == 4);
}

static void options_are_acknowledged(void)
{
	start(1472);
	ASK("boot\0octet\0blksize\0"
	    "1024\0tsize\0"
	    "0\0timeout\0"
	    "3\0multicast\0");
	CU_ASSERT(last_len > 2 && get_be16(last) == 6);
	CU_ASSERT(memcmp(last + 2, "blksize\0001024\0tsize\0001300\0timeout\0003", 34) == 0);
	ack(0, 1);
	CU_ASSERT(last_len == 1028 && get_be16(last + 2) == 1);
	ack(1, 1);
	CU_ASSERT(last_len == 4 + 276);
}

static void blksize_is_held_to_the_mtu(void)
{
	start(1472);
	ASK("boot\0octet\0blksize\0"
	    "65464");
	CU_ASSERT(memcmp(last + 2, "blksize\0001468", 13) == 0);
	start(68 - 28);
	ASK("boot\0octet\0blksize\0"
	    "1400");
	CU_ASSERT(memcmp(last + 2, "blksize\00036", 11) == 0);
	ack(0, 1);
	CU_ASSERT(last_len == 40);
	ASK("boot\0octet");
	CU_ASSERT(error_code() == 8);
	ASK("boot\0octet\0blksize\0"
	    "0");
	CU_ASSERT(error_code() == 8);
}

static void nothing_above_the_directory(void)
{
	start(1472);
	ASK("../../etc/passwd\0octet");
	CU_ASSERT(error_code() == 2);
	ASK("out\0octet");
	CU_ASSERT(error_code() == 2);
	ASK("sub/../../x\0octet");
	CU_ASSERT(error_code() == 2);
	ASK("/proc/self/environ\0octet");
	CU_ASSERT(error_code() == 1);
	ASK("fifo\0octet");
	CU_ASSERT(error_code() == 2);
	ASK("sub\0octet");
	CU_ASSERT(error_code() == 2);
	ASK("\\sub\\x.efi\0octet");
	CU_ASSERT(last_len == 14);
	ASK("none\0octet");
	CU_ASSERT(error_code() == 1);
}

static void writing_is_refused(void)
{
	start(1472);
	send_bytes("\0\2boot\0octet", 13, 0);
	CU_ASSERT(error_code() == 2);
	ASK("boot\0netascii");
	CU_ASSERT(error_code() == 4);
}

static void short_and_unterminated_are_refused(void)
{
	static const char rq[] = "\0\1boot\0octet\0blksize\0512";

	start(1472);
	for (size_t n = 0; n < sizeof(rq); n++) {
		uint8_t *copy = malloc(n + 1);

		memcpy(copy, rq, n);
		if (n != 13) /* there it is whole */
			CU_ASSERT(send_bytes(copy, n, 0) == -EBADMSG);
		free(copy);
	}
	CU_ASSERT(send_bytes("\0\4\0\1", 4, 0) == -EBADMSG);
	CU_ASSERT(send_bytes("\0\5\0\1", 4, 0) == -EBADMSG);
}

static void lost_block_is_sent_again(void)
{
	start(1472);
	ASK("boot\0octet");
	CU_ASSERT(tftp_tick(server, 500) == 500);
	CU_ASSERT(sent == 1);
	tftp_tick(server, 1000);
	CU_ASSERT(sent == 2 && get_be16(last + 2) == 1);
	ack(0, 1001); /* an old duplicate makes no traffic */
	CU_ASSERT(sent == 2);
	for (int i = 2; i < 10; i++)
		tftp_tick(server, 1000 * (uint64_t)i);
	CU_ASSERT(tftp_sessions(server) == 0 && tftp_tick(server, 20000) == -1);
}

static void sessions_are_bounded(void)
{
	start(1472);
	for (int i = 0; i < 100; i++) {
		client.port = (uint16_t)(3000 + i);
		ASK("boot\0octet");
	}
	client.port = 2000;
	CU_ASSERT(tftp_sessions(server) == TFTP_SESSIONS_MAX);
	start(1472);
	for (int i = 0; i < 5; i++)
		ASK("boot\0octet");
	CU_ASSERT(tftp_sessions(server) == 1);
}

static void remove_all(void)
{
	char command[160];

	tftp_free(server);
	server = NULL;
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	CU_ASSERT(system(command) == 0);
}

UNIT_MAIN("tftp", UNIT(file_comes_in_blocks), UNIT(even_file_ends_with_an_empty_block),
	  UNIT(options_are_acknowledged), UNIT(blksize_is_held_to_the_mtu),
	  UNIT(nothing_above_the_directory), UNIT(writing_is_refused),
	  UNIT(short_and_unterminated_are_refused), UNIT(lost_block_is_sent_again),
	  UNIT(sessions_are_bounded), UNIT(remove_all))
