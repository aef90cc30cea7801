/* References as a picture: https://graphviz.org/doc/info/lang.html. */
#include "introspect/analyses/reference_tree.h"

#include <stdlib.h>
#include <string.h>

enum { VALUE_LIMIT = 40, MOST_ROOTS = 4 };

struct picture {
    const struct reference_tree *tree;
    uint32_t *number;    /* by id: of its first node, + 1; 0: not in the picture */
    uint32_t *component; /* by node: of its strongly connected component */
    struct strbuf *out;
};

/* Quotes and backslashes would end the text; everything else was escaped for a terminal before. */
static void add_quoted(struct strbuf *out, const char *text, size_t limit) {
    for (size_t i = 0; text[i] && i < limit; i++) {
        if (text[i] == '"' || text[i] == '\\')
            strbuf_putc(out, '\\');
        strbuf_putc(out, text[i]);
    }
    /* Not in the middle of a character. */
    while (strlen(text) > limit && out->length && (out->text[out->length - 1] & 0xC0) == 0x80)
        out->text[--out->length] = '\0';
    if (strlen(text) > limit && out->length && (unsigned char)out->text[out->length - 1] >= 0xC0)
        out->text[--out->length] = '\0';
    if (strlen(text) > limit)
        strbuf_puts(out, "...");
}

static uint32_t first_node(const struct picture *picture, uint32_t node) {
    uint32_t id = picture->tree->nodes[node].id;
    return id == HEAP_NONE ? node : picture->number[id] - 1;
}

static void ends(const struct picture *picture, uint32_t node, uint32_t *from, uint32_t *to) {
    uint32_t here = first_node(picture, node);
    uint32_t parent = first_node(picture, picture->tree->nodes[node].parent);
    bool forward = picture->tree->direction == TOWARDS_REFERENCES;
    *from = forward ? parent : here;
    *to = forward ? here : parent;
}

/* ---- cycles ---------------------------------------------------------------------------------- */

/* Strongly connected components: Tarjan, "Depth-First Search and Linear Graph Algorithms", 1972, with a
 * stack of its own for the calls. */
struct components {
    uint32_t *first, *target; /* edges between nodes of the picture, in rows */
    uint32_t *order, *low;    /* 0: not visited */
    uint32_t *next;           /* edge to go on with */
    uint32_t *path, *open;    /* nodes being visited; nodes that have no component yet */
    uint32_t path_count, open_count, visited;
};

static void rows_of_edges(const struct picture *picture, struct components *of) {
    uint32_t count = (uint32_t)picture->tree->count, from, to;
    for (uint32_t i = 1; i < count; i++) {
        ends(picture, i, &from, &to);
        of->first[from + 1] += !reference_is_weak(&picture->tree->nodes[i].reference);
    }
    for (uint32_t i = 0; i < count; i++)
        of->first[i + 1] += of->first[i];
    for (uint32_t i = 0; i < count; i++)
        of->next[i] = of->first[i];
    for (uint32_t i = 1; i < count; i++) {
        ends(picture, i, &from, &to);
        if (!reference_is_weak(&picture->tree->nodes[i].reference))
            of->target[of->next[from]++] = to;
    }
    for (uint32_t i = 0; i < count; i++)
        of->next[i] = of->first[i];
}

static void visit_node(struct components *of, uint32_t node) {
    of->order[node] = of->low[node] = ++of->visited;
    of->path[of->path_count++] = node;
    of->open[of->open_count++] = node;
}

static void leave_node(const struct picture *picture, struct components *of, uint32_t node) {
    of->path_count--;
    if (of->path_count) {
        uint32_t above = of->path[of->path_count - 1];
        if (of->low[node] < of->low[above])
            of->low[above] = of->low[node];
    }
    if (of->low[node] != of->order[node])
        return;
    uint32_t member;
    do {
        member = of->open[--of->open_count];
        picture->component[member] = node + 1;
    } while (member != node);
}

static void components_from(const struct picture *picture, struct components *of, uint32_t start) {
    visit_node(of, start);
    while (of->path_count) {
        uint32_t node = of->path[of->path_count - 1];
        if (of->next[node] == of->first[node + 1]) {
            leave_node(picture, of, node);
            continue;
        }
        uint32_t target = of->target[of->next[node]++];
        if (!of->order[target])
            visit_node(of, target);
        else if (!picture->component[target] && of->order[target] < of->low[node])
            of->low[node] = of->order[target];
    }
}

static struct err *find_components(const struct picture *picture) {
    size_t count = picture->tree->count + 1;
    uint32_t *memory = calloc(count * 7, sizeof *memory);
    if (!memory)
        return err_no_memory();
    struct components of = {.first = memory,
                            .target = memory + count,
                            .order = memory + 2 * count,
                            .low = memory + 3 * count,
                            .next = memory + 4 * count,
                            .path = memory + 5 * count,
                            .open = memory + 6 * count};
    rows_of_edges(picture, &of);
    for (uint32_t i = 0; i < picture->tree->count; i++) {
        if (!of.order[i])
            components_from(picture, &of, i);
    }
    free(memory);
    return NULL;
}

/* ---- nodes and edges ------------------------------------------------------------------------- */

static void add_node(const struct picture *picture, uint32_t index, bool values) {
    const struct reference_node *node = &picture->tree->nodes[index];
    const struct heap *heap = picture->tree->graph->heap;
    struct strbuf value = {0};
    strbuf_printf(picture->out, "  n%u [label=\"", index);
    if (node->id == HEAP_NONE) {
        strbuf_printf(picture->out, "%#llx", (unsigned long long)node->address);
    } else {
        add_quoted(picture->out, heap_type(heap, node->id)->name, VALUE_LIMIT * 2);
        if (values)
            heap_preview(heap, node->id, &value);
        if (value.length) {
            strbuf_puts(picture->out, "\\n");
            add_quoted(picture->out, value.text, VALUE_LIMIT);
        }
        if (heap_flags(heap, node->id) & OBJECT_IMMORTAL)
            strbuf_puts(picture->out, "\\nimmortal");
        else
            strbuf_printf(picture->out, "\\nrefcount %llu",
                          (unsigned long long)heap_refcount(heap, node->id));
    }
    strbuf_printf(picture->out, "\"%s];\n", index ? "" : ", style=bold");
    strbuf_free(&value);
}

static void add_edge(const struct picture *picture, uint32_t index) {
    const struct reference_node *node = &picture->tree->nodes[index];
    struct strbuf label = {0};
    uint32_t from, to;
    ends(picture, index, &from, &to);
    reference_node_label(picture->tree, node, false, &label);
    bool weak = reference_is_weak(&node->reference);
    bool cycle = !weak && picture->component[from] == picture->component[to];
    strbuf_printf(picture->out, "  n%u -> n%u [label=\"", from, to);
    add_quoted(picture->out, strbuf_text(&label), VALUE_LIMIT);
    strbuf_printf(picture->out, "\"%s%s];\n",
                  weak                                             ? ", style=dashed"
                  : node->reference.properties & REFERENCE_GUESSED ? ", style=dotted"
                                                                   : "",
                  cycle ? ", color=red, fontcolor=red" : "");
    strbuf_free(&label);
}

static void add_roots(const struct picture *picture, uint32_t index) {
    const struct reference_node *node = &picture->tree->nodes[index];
    const struct graph *graph = picture->tree->graph;
    size_t count = 0;
    const struct held_root *roots = root_list_of(&graph->roots, node->id, &count);
    for (size_t i = 0; i < count && i < MOST_ROOTS; i++) {
        struct strbuf name = {0};
        root_name(graph->heap, &roots[i].root, &name);
        strbuf_printf(picture->out, "  r%u_%zu [shape=house, label=\"", index, i);
        add_quoted(picture->out, strbuf_text(&name), VALUE_LIMIT * 2);
        strbuf_printf(picture->out, "\"];\n  r%u_%zu -> n%u;\n", index, i, index);
        strbuf_free(&name);
    }
}

static void draw(const struct picture *picture, bool values) {
    const struct reference_tree *tree = picture->tree;
    strbuf_puts(picture->out, "digraph references {\n  node [shape=box];\n");
    for (uint32_t i = 0; i < tree->count; i++) {
        if (first_node(picture, i) != i)
            continue;
        add_node(picture, i, values);
        if (tree->nodes[i].id != HEAP_NONE)
            add_roots(picture, i);
    }
    for (uint32_t i = 1; i < tree->count; i++)
        add_edge(picture, i);
    strbuf_puts(picture->out, "}\n");
}

struct err *reference_tree_dot(const struct reference_tree *tree, bool values, struct strbuf *out) {
    struct picture picture = {.tree = tree, .out = out};
    picture.number = calloc((size_t)tree->graph->object_count + 1, sizeof *picture.number);
    picture.component = calloc(tree->count + 1, sizeof *picture.component);
    struct err *err = picture.number && picture.component ? NULL : err_no_memory();
    for (uint32_t i = 0; i < tree->count && !err; i++) {
        uint32_t id = tree->nodes[i].id;
        if (id != HEAP_NONE && !picture.number[id])
            picture.number[id] = i + 1;
    }
    if (!err)
        err = find_components(&picture);
    if (!err)
        draw(&picture, values);
    free(picture.number);
    free(picture.component);
    return err ? err : out->failed ? err_no_memory() : NULL;
}
