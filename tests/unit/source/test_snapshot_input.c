#include "source/snapshot_input.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/snapshot-input-XXXXXX";

static void enter_folder(void) {
    cr_assert_not_null(mkdtemp(folder));
    cr_assert_eq(chdir(folder), 0);
    int fd = open("file", O_WRONLY | O_CREAT, 0600);
    cr_assert_eq(write(fd, "0123456789", 10), 10);
    close(fd);
}

static void leave_folder(void) {
    unlink("file");
    unlink("fifo");
    rmdir(folder);
}

TestSuite(snapshot_input, .init = enter_folder, .fini = leave_folder);

static void must(struct err *err) {
    cr_assert_null(err, "%s", err ? err_message(err) : "");
}

static void expect(struct err *err, enum err_code code, const char *part) {
    cr_assert_not_null(err);
    cr_assert_eq(err_code(err), code);
    cr_assert_not_null(strstr(err_message(err), part), "%s", err_message(err));
    err_free(err);
}

Test(snapshot_input, reads_anywhere) {
    struct snapshot_input *input;
    must(snapshot_input_open("file", &input));
    struct chunk_source source = snapshot_input_source(input);
    char bytes[4] = "";
    cr_assert_eq(source.size, 10);
    must(source.read_at(source.context, 7, bytes, 3));
    cr_assert_str_eq(bytes, "789");
    must(source.read_at(source.context, 10, bytes, 0));
    snapshot_input_close(input);
}

Test(snapshot_input, cut_off_while_it_is_read) {
    struct snapshot_input *input;
    must(snapshot_input_open("file", &input));
    struct chunk_source source = snapshot_input_source(input);
    char bytes[10];
    cr_assert_eq(truncate("file", 5), 0);
    expect(source.read_at(source.context, 0, bytes, 10), ERR_DAMAGED_FILE, "cut off");
    snapshot_input_close(input);
}

Test(snapshot_input, what_is_no_regular_file) {
    struct snapshot_input *input;
    cr_assert_eq(mkfifo("fifo", 0600), 0);
    expect(snapshot_input_open("fifo", &input), ERR_SOURCE, "no regular file; write the pipe");
    expect(snapshot_input_open(".", &input), ERR_SOURCE, "no regular file");
    expect(snapshot_input_open("/dev/null", &input), ERR_SOURCE, "no regular file");
    expect(snapshot_input_open("none", &input), ERR_SOURCE, "can't open none: No such file");
}

Test(snapshot_input, not_allowed) {
    if (!geteuid()) {
        cr_assert_eq(chmod(folder, 0755), 0);
        cr_assert_eq(seteuid(65534), 0);
    } else {
        cr_assert_eq(chmod("file", 0), 0);
    }
    struct snapshot_input *input;
    struct err *err = snapshot_input_open("file", &input);
    cr_assert(geteuid() != 65534 || seteuid(0) == 0);
    expect(err, ERR_SOURCE, "can't open file: Permission denied; it belongs to uid");
}
