#include "attach/place.h"

#include "base/strbuf.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The text of /proc/PID/NAME, escaped; *ret stays NULL if it can't be read. */
static struct err *read_link(pid_t pid, const char *name, char **ret) {
    char path[64], text[PATH_MAX];
    struct strbuf escaped = {0};
    snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
    ssize_t length = readlink(path, text, sizeof text);
    if (length <= 0)
        return NULL;
    strbuf_add_escaped(&escaped, text, (size_t)length, PATH_MAX);
    if (escaped.failed) {
        strbuf_free(&escaped);
        return err_no_memory();
    }
    *ret = escaped.text;
    return NULL;
}

bool place_differs(pid_t pid, const char *name) {
    char path[64], theirs[64] = "", ours[64] = "";
    snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
    if (readlink(path, theirs, sizeof theirs - 1) < 0)
        return false;
    snprintf(path, sizeof path, "/proc/self/%s", name);
    return readlink(path, ours, sizeof ours - 1) > 0 && strcmp(theirs, ours) != 0;
}

struct err *place_find(const struct process *process, struct place *place) {
    static const char *const namespaces[PLACE_NAMESPACES][2] = {
        {"ns/pid", "PID"}, {"ns/mnt", "mount"}, {"ns/user", "user"}};
    *place = (struct place){0};
    size_t count = 0;
    for (size_t i = 0; i < PLACE_NAMESPACES; i++) {
        if (place_differs(process->pid, namespaces[i][0]))
            place->namespaces[count++] = namespaces[i][1];
    }
    TRY(read_link(process->pid, "exe", &place->executable));
    return read_link(process->pid, "root", &place->root);
}

void place_clear(struct place *place) {
    free(place->executable);
    free(place->root);
    *place = (struct place){0};
}
