/* What `doctor` says of a layout: of one that was derived from another release's table, how it is known. */
#include "fake_source.h"

#include "introspect/layout/description.h"
#include "introspect/layout/provider.h"
#include "source/examine.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>
#include <string.h>

static struct layout *fake_layout; /* taken over by the next examination */

struct err *source_examine(pid_t pid, uint64_t max_memory, unsigned python,
                           struct examination *ret) {
    (void)max_memory, (void)python;
    *ret = (struct examination){.memory = {.rss = 4000000, .uss = 3900000},
                                .layout = fake_layout,
                                .copy_bytes = 2000000,
                                .needed_bytes = 8000000,
                                .pause_seconds = 0.0021};
    ret->process = calloc(1, sizeof *ret->process);
    cr_assert_not_null(ret->process);
    ret->process->pid = ret->process->inner_pid = pid;
    ret->process->state = 'S';
    ret->process->thread_count = 1;
    ret->process->command = strdup("python3.11 app.py");
    ret->place.executable = strdup("/usr/bin/python3.11");
    ret->place.root = strdup("/");
    ret->path = strdup("/usr/bin/python3.11");
    ret->through = strdup("/usr/bin/python3.11");
    return NULL;
}

static void add(struct layout *layout, const char *structure, const char *field,
                enum proof_kind kind, int32_t moved, const char *how) {
    const struct structure_description *found = layout_find_structure(structure, strlen(structure));
    cr_assert_not_null((void *)found, "%s", structure);
    struct layout_proof proof = {found, SIZE_MAX, kind, moved, how};
    if (field)
        proof.field = layout_find_field(found, field, strlen(field));
    cr_assert_neq(field != NULL, proof.field == SIZE_MAX, "%s.%s", structure, field);
    bool pushed = vec_push(&layout->proofs->items, proof);
    cr_assert(pushed);
}

static struct layout *make_layout(const char *provider) {
    struct layout *layout = calloc(1, sizeof *layout);
    cr_assert_not_null(layout);
    strcpy(layout->version, "3.11.9");
    strcpy(layout->provider, provider);
    return layout;
}

static struct layout *make_derived(void) {
    struct layout *layout = make_layout("table 3.11.7 for 3.11.9");
    layout->proofs = calloc(1, sizeof *layout->proofs);
    cr_assert_not_null(layout->proofs);
    strcpy(layout->proofs->table, "3.11.7");
    layout->type.size = layout->dict.size = layout->list.size = layout->zip.size = 16;
    add(layout, "type", "tp_name", PROOF_HERE, 0, "`type` is its own type, dict a dict");
    add(layout, "type", "tp_base", PROOF_HERE, 0, "`type` is its own type, dict a dict");
    add(layout, "type", NULL, PROOF_HERE, 0, "size of its symbol");
    add(layout, "dict", NULL, PROOF_HERE, 0, "tp_basicsize of its type");
    add(layout, "list", NULL, PROOF_HERE, 0, "tp_basicsize of its type");
    add(layout, "interpreter", "gc", PROOF_MOVED, -8, "its lists close");
    add(layout, "interpreter", "modules", PROOF_BETWEEN, 0, NULL);
    add(layout, "interpreter", "sysdict", PROOF_BETWEEN, 8, NULL);
    add(layout, "thread", "context", PROOF_NONE, 0, NULL);
    return layout;
}

Test(doctor, derived) {
    fake_layout = make_derived();
    expect("doctor 4711",
           "app.py   pid 4711   ready for heapglass top\n"
           "attach   allowed\n"
           "python   CPython 3.11.9 in /usr/bin/python3.11; read through "
           "/usr/bin/python3.11\n"
           "layout   known from table 3.11.7 for 3.11.9\n"
           "proven   type: `type` is its own type, dict a dict (2 fields); size of its\n"
           "           symbol\n"
           "         dict, list: tp_basicsize of its type\n"
           "         interpreter: its lists close\n"
           "moved    by so many bytes against the table: interpreter.gc by -8\n"
           "between  as far from their neighbours as in the table: 2 of interpreter\n"
           "left out nothing proves: thread.context\n"
           "guessed  1 structure as the table of 3.11.7 has it\n"
           "memory   at most 7.6M of ours for its RSS of 3.8M\n"
           "pause    about 2.1 ms: 1 thread stopped, at most 1.9M copied\n");
}

Test(doctor, derived_json) {
    fake_layout = make_derived();
    expect(
        "doctor 4711 --json",
        "{\"schema\": \"heapglass.doctor/1\",\n"
        " \"source\": {\"kind\": \"pid\", \"pid\": 4711, \"inner_pid\": 4711, \"command\": "
        "\"python3.11 app.py\", \"python\": \"3.11.9\", \"threads\": 1, \"rss_bytes\": 4000000, "
        "\"uss_bytes\": 3900000, \"swap_bytes\": 0, \"cgroup\": {\"current\": 0, \"max\": "
        "null}},\n"
        " \"damage\": [],\n"
        " \"status\": 0,\n"
        " \"attach\": {\"ok\": true, \"reason\": null},\n"
        " \"place\": {\"executable\": \"/usr/bin/python3.11\", \"root\": \"/\", "
        "\"other_namespaces\": []},\n"
        " \"python\": {\"ok\": true, \"reason\": null, \"path\": \"/usr/bin/python3.11\", "
        "\"read_through\": \"/usr/bin/python3.11\"},\n"
        " \"layout\": {\"ok\": true, \"reason\": null, \"provider\": \"table 3.11.7 for "
        "3.11.9\", \"build_id\": \"\", \"derived\": {\"table\": \"3.11.7\", \"proofs\": "
        "[{\"name\": "
        "\"type.tp_name\", \"known\": \"here\", \"moved_bytes\": 0, \"how\": \"`type` is its own "
        "type, dict a dict\"}, {\"name\": \"type.tp_base\", \"known\": \"here\", \"moved_bytes\": "
        "0, \"how\": \"`type` is its own type, dict a dict\"}, {\"name\": \"type\", \"known\": "
        "\"here\", \"moved_bytes\": 0, \"how\": \"size of its symbol\"}, {\"name\": \"dict\", "
        "\"known\": \"here\", \"moved_bytes\": 0, \"how\": \"tp_basicsize of its type\"}, "
        "{\"name\": \"list\", \"known\": \"here\", \"moved_bytes\": 0, \"how\": \"tp_basicsize of "
        "its type\"}, {\"name\": \"interpreter.gc\", \"known\": \"moved\", \"moved_bytes\": -8, "
        "\"how\": \"its lists close\"}, {\"name\": \"interpreter.modules\", \"known\": "
        "\"between\", \"moved_bytes\": 0, \"how\": null}, {\"name\": \"interpreter.sysdict\", "
        "\"known\": \"between\", \"moved_bytes\": 8, \"how\": null}, {\"name\": "
        "\"thread.context\", \"known\": \"unproven\", \"moved_bytes\": 0, \"how\": null}], "
        "\"assumed\": [\"zip\"]}},\n"
        " \"memory\": {\"ok\": true, \"reason\": null, \"needed_bytes\": 8000000},\n"
        " \"pause\": {\"estimated_ms\": 2.100, \"copy_bytes\": 2000000}}\n");
}

Test(doctor, another_layout_says_nothing_of_proofs) {
    fake_layout = make_layout("table 3.11.9");
    expect("doctor 4711", "app.py   pid 4711   ready for heapglass top\n"
                          "attach   allowed\n"
                          "python   CPython 3.11.9 in /usr/bin/python3.11; read through "
                          "/usr/bin/python3.11\n"
                          "layout   known from table 3.11.9\n"
                          "memory   at most 7.6M of ours for its RSS of 3.8M\n"
                          "pause    about 2.1 ms: 1 thread stopped, at most 1.9M copied\n");
}
