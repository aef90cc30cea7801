#include "source/snapshot_output.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[] = "/tmp/snapshot-output-XXXXXX";

static void enter_folder(void) {
    signal(SIGPIPE, SIG_IGN);
    cr_assert_not_null(mkdtemp(folder));
    cr_assert_eq(chdir(folder), 0);
}

/* Removes all files; returns how many there were. */
static int clear_folder(void) {
    int count = 0;
    DIR *entries = opendir(".");
    for (struct dirent *entry; (entry = readdir(entries));) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            count++;
            unlink(entry->d_name);
        }
    }
    closedir(entries);
    return count;
}

static void leave_folder(void) {
    clear_folder();
    rmdir(folder);
}

TestSuite(snapshot_output, .init = enter_folder, .fini = leave_folder);

static void must(struct err *err) {
    cr_assert_null(err, "%s", err ? err_message(err) : "");
}

static void expect(struct err *err, enum err_code code, const char *message) {
    cr_assert_not_null(err);
    cr_assert_eq(err_code(err), code);
    cr_assert_not_null(strstr(err_message(err), message), "%s", err_message(err));
    err_free(err);
}

static void make_file(const char *name, const char *text) {
    FILE *file = fopen(name, "w");
    fputs(text, file);
    fclose(file);
}

static void expect_file(const char *name, const char *text) {
    char content[100] = "";
    FILE *file = fopen(name, "r");
    cr_assert_not_null(file);
    cr_assert_eq(fread(content, 1, sizeof content - 1, file), strlen(text));
    cr_assert_str_eq(content, text);
    fclose(file);
}

static struct err *put(struct snapshot_output *output, const void *bytes, size_t length) {
    struct chunk_sink sink = snapshot_output_sink(output);
    return sink.write(sink.context, bytes, length);
}

static struct err *save(const char *path, const char *text) {
    struct snapshot_output *output;
    TRY(snapshot_output_open(path, NULL, &output));
    struct err *err = put(output, text, strlen(text));
    if (!err)
        err = snapshot_output_commit(output);
    snapshot_output_close(output);
    return err;
}

Test(snapshot_output, is_of_its_owner_alone_whatever_the_umask) {
    static const mode_t masks[] = {0, 022, 0777};
    for (int i = 0; i < 3; i++) {
        struct stat stat_now;
        umask(masks[i]);
        must(save("new", "content"));
        cr_assert_eq(stat("new", &stat_now), 0);
        cr_assert_eq(stat_now.st_mode, S_IFREG | 0600);
        cr_assert_eq(stat_now.st_nlink, 1);
        expect_file("new", "content");
        cr_assert_eq(clear_folder(), 1);
    }
}

Test(snapshot_output, replaces_a_file_at_once) {
    struct snapshot_output *output;
    make_file("old", "before");
    must(snapshot_output_open("old", NULL, &output));
    must(put(output, "after", 5));
    expect_file("old", "before");
    must(snapshot_output_commit(output));
    expect_file("old", "after");
    snapshot_output_close(output);
    expect_file("old", "after");
    cr_assert_eq(clear_folder(), 1);
}

Test(snapshot_output, aborted_leaves_nothing) {
    struct snapshot_output *output;
    make_file("old", "before");
    must(snapshot_output_open("old", NULL, &output));
    must(put(output, "after", 5));
    snapshot_output_close(output);
    expect_file("old", "before");
    must(snapshot_output_open("new", NULL, &output));
    snapshot_output_close(output);
    cr_assert_eq(clear_folder(), 1);
}

Test(snapshot_output, cancelled_leaves_nothing) {
    struct snapshot_output *output;
    volatile int cancel = 0;
    must(snapshot_output_open("new", &cancel, &output));
    must(put(output, "after", 5));
    cancel = SIGINT;
    expect(put(output, "after", 5), ERR_CANCELLED, "");
    expect(snapshot_output_commit(output), ERR_CANCELLED, "");
    snapshot_output_close(output);
    cr_assert_eq(clear_folder(), 0);
}

Test(snapshot_output, killed_leaves_the_old_file) {
    make_file("old", "before");
    pid_t child = fork();
    if (!child) {
        struct snapshot_output *output;
        if (!snapshot_output_open("old", NULL, &output) && !put(output, "after", 5))
            raise(SIGKILL);
        _exit(1);
    }
    int status;
    waitpid(child, &status, 0);
    cr_assert(WIFSIGNALED(status));
    expect_file("old", "before");
    cr_assert_leq(clear_folder(), 2);
}

Test(snapshot_output, a_symbolic_link_is_replaced_not_followed) {
    struct stat stat_now;
    make_file("target", "before");
    cr_assert_eq(symlink("target", "link"), 0);
    cr_assert_eq(symlink("nowhere", "dangling"), 0);
    must(save("link", "after"));
    must(save("dangling", "after"));
    expect_file("target", "before");
    expect_file("link", "after");
    cr_assert_eq(lstat("link", &stat_now), 0);
    cr_assert(S_ISREG(stat_now.st_mode));
    cr_assert_eq(lstat("dangling", &stat_now), 0);
    cr_assert(S_ISREG(stat_now.st_mode));
    cr_assert_eq(clear_folder(), 3);
}

Test(snapshot_output, names_up_to_the_longest) {
    char name[256] = "";
    memset(name, 'x', 255);
    must(save(name, "one"));
    must(save(name, "two"));
    expect_file(name, "two");
    cr_assert_eq(clear_folder(), 1);
}

Test(snapshot_output, what_cannot_be_created_is_said_at_once) {
    struct snapshot_output *output;
    expect(snapshot_output_open("none/new", NULL, &output), ERR_FAILED,
           "can't write none/new: No such file or directory");
    expect(snapshot_output_open(folder, NULL, &output), ERR_USAGE, "is a folder");
    expect(snapshot_output_open("new/", NULL, &output), ERR_USAGE, "names no file");
    expect(snapshot_output_open("", NULL, &output), ERR_USAGE, "names no file");
    expect(snapshot_output_open("/proc/self/new", NULL, &output), ERR_FAILED, "can't write");
    make_file("file", "");
    expect(snapshot_output_open("file/new", NULL, &output), ERR_FAILED, "Not a directory");
}

Test(snapshot_output, full_device) {
    expect(save("/dev/full", "text"), ERR_FAILED, "can't write /dev/full: No space left on device");
}

Test(snapshot_output, devices_are_written_to_and_stay) {
    struct stat stat_now;
    must(save("/dev/null", "text"));
    cr_assert_eq(stat("/dev/null", &stat_now), 0);
    cr_assert(S_ISCHR(stat_now.st_mode));
}

static void standard_output_is(int fd) {
    fflush(stdout);
    cr_assert_geq(dup2(fd, STDOUT_FILENO), 0);
}

Test(snapshot_output, a_terminal_is_refused) {
    int master, terminal;
    struct snapshot_output *output;
    cr_assert_eq(openpty(&master, &terminal, NULL, NULL, NULL), 0);
    expect(snapshot_output_open(ttyname(terminal), NULL, &output), ERR_USAGE, "is a terminal");
    standard_output_is(terminal);
    expect(snapshot_output_open("-", NULL, &output), ERR_USAGE, "standard output is a terminal");
}

Test(snapshot_output, standard_output_and_its_links) {
    char link[100];
    snprintf(link, sizeof link, "%s/stdout", folder);
    int fd = open("redirected", O_RDWR | O_CREAT, 0644);
    standard_output_is(fd);
    must(save("-", "one "));
    must(save("/proc/self/fd/1", "two "));
    cr_assert_eq(symlink("/proc/self/fd/1", link), 0);
    must(save(link, "three"));
    struct stat stat_now;
    cr_assert_eq(lstat(link, &stat_now), 0);
    cr_assert(S_ISLNK(stat_now.st_mode));
    expect_file("redirected", "one two three");
    cr_assert_eq(clear_folder(), 2);
}

Test(snapshot_output, closed_pipe) {
    int ends[2];
    cr_assert_eq(pipe(ends), 0);
    standard_output_is(ends[1]);
    close(ends[0]);
    expect(save("-", "text"), ERR_FAILED, "can't write standard output: its reader went away");
}

static volatile int cancel_soon;

static void *cancel_later(void *unused) {
    usleep(100000);
    cancel_soon = SIGTERM;
    return unused;
}

Test(snapshot_output, a_reader_that_does_not_read_can_be_interrupted) {
    static char much[1 << 20];
    int ends[2];
    struct snapshot_output *output;
    pthread_t thread;
    cr_assert_eq(pipe(ends), 0);
    standard_output_is(ends[1]);
    must(snapshot_output_open("-", &cancel_soon, &output));
    pthread_create(&thread, NULL, cancel_later, NULL);
    expect(put(output, much, sizeof much), ERR_CANCELLED, "");
    snapshot_output_close(output);
    pthread_join(thread, NULL);

    cancel_soon = 0;
    cr_assert_eq(mkfifo("fifo", 0600), 0);
    pthread_create(&thread, NULL, cancel_later, NULL);
    expect(snapshot_output_open("fifo", &cancel_soon, &output), ERR_CANCELLED, "");
    pthread_join(thread, NULL);
}

static void *read_fifo(void *ret) {
    usleep(100000);
    static char content[1 << 20];
    FILE *file = fopen("fifo", "r");
    *(size_t *)ret = fread(content, 1, sizeof content, file);
    fclose(file);
    return NULL;
}

Test(snapshot_output, a_fifo_waits_for_its_reader) {
    static char much[300000];
    size_t got = 0;
    struct snapshot_output *output;
    pthread_t thread;
    cr_assert_eq(mkfifo("fifo", 0600), 0);
    pthread_create(&thread, NULL, read_fifo, &got);
    must(snapshot_output_open("fifo", NULL, &output));
    must(put(output, much, sizeof much));
    must(snapshot_output_commit(output));
    snapshot_output_close(output);
    pthread_join(thread, NULL);
    cr_assert_eq(got, sizeof much);
}
