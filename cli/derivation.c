#include "cli/derivation.h"

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "introspect/layout/description.h"
#include "introspect/layout/provider.h"

#include <stdlib.h>

/* "gc_state.garbage", or "gc_state" of the structure's size. */
static void put_name(struct strbuf *text, const struct layout_proof *proof) {
    strbuf_puts(text, proof->structure->name);
    if (proof->field != SIZE_MAX)
        strbuf_printf(text, ".%s", proof->structure->fields[proof->field].name);
}

/* Does the layout have a structure that no proof speaks of? */
static bool is_assumed(const struct layout *layout, const struct structure_description *structure) {
    vec_each (proof, &layout->proofs->items) {
        if (proof->structure == structure)
            return false;
    }
    return layout_size(layout, structure) != 0;
}

/* ---- document -------------------------------------------------------------------------------- */

static const char *const kinds[] = {
    [PROOF_HERE] = "here",
    [PROOF_MOVED] = "moved",
    [PROOF_BETWEEN] = "between",
    [PROOF_NONE] = "unproven",
};

static void add_proof(struct report *report, struct node *list, const struct layout_proof *proof) {
    struct tree *tree = &report->document;
    struct strbuf name = {0};
    put_name(&name, proof);
    struct node *item = tree_group(tree, list, NULL);
    tree_add(tree, item, "name", value_text(strbuf_text(&name)));
    tree_add(tree, item, "known", value_text(kinds[proof->kind]));
    tree_add(tree, item, "moved_bytes", value_signed(proof->moved));
    tree_add(tree, item, "how", value_text(proof->how));
    tree->failed |= name.failed;
    strbuf_free(&name);
}

void derivation_add(struct report *report, struct node *group, const struct layout *layout) {
    struct tree *tree = &report->document;
    if (!layout || !layout->proofs) {
        tree_add(tree, group, "derived", value_none());
        return;
    }
    struct node *derived = tree_group(tree, group, "derived");
    tree_add(tree, derived, "table", value_text(layout->proofs->table));
    struct node *list = tree_list(tree, derived, "proofs");
    vec_each (proof, &layout->proofs->items)
        add_proof(report, list, proof);
    list = tree_list(tree, derived, "assumed");
    for (size_t i = 0; i < layout_structure_count; i++) {
        if (is_assumed(layout, &layout_structures[i]))
            tree_add(tree, list, NULL, value_text(layout_structures[i].name));
    }
}

/* ---- screen ---------------------------------------------------------------------------------- */

/* Structures that are proven in the same ways. */
struct ways {
    struct strbuf structures, how;
};

struct all_ways vec(struct ways);

static void cleanup_ways(struct all_ways *all) {
    vec_each (ways, all) {
        strbuf_free(&ways->structures);
        strbuf_free(&ways->how);
    }
    vec_free(all);
}

static void put_separated(struct strbuf *text, const char *separator) {
    strbuf_puts(text, text->length ? separator : "");
}

/* Is it the first of its structure that was proven that way; or, without a way, at all? */
static bool is_first(const struct layout_proofs *proofs, const struct layout_proof *proof,
                     const char *how) {
    vec_each (earlier, &proofs->items) {
        if (earlier == proof)
            return true;
        if (earlier->structure == proof->structure && earlier->how &&
            (!how || !strcmp(earlier->how, how)))
            return false;
    }
    return true;
}

/* All ways in which a structure and its fields are proven, each once, and how often if several times. */
static void put_ways(struct strbuf *text, const struct layout_proofs *proofs,
                     const struct structure_description *structure) {
    vec_each (proof, &proofs->items) {
        if (proof->structure != structure || !proof->how || !is_first(proofs, proof, proof->how))
            continue;
        size_t times = 0;
        vec_each (other, &proofs->items)
            times += other->structure == structure && other->how && !strcmp(other->how, proof->how);
        put_separated(text, "; ");
        strbuf_puts(text, proof->how);
        if (times > 1)
            strbuf_printf(text, " (%zu fields)", times);
    }
}

static void add_ways(struct report *report, const struct structure_description *structure,
                     struct strbuf *how, struct all_ways *all) {
    struct ways *same = NULL;
    vec_each (ways, all) {
        if (!strcmp(strbuf_text(&ways->how), strbuf_text(how)))
            same = ways;
    }
    if (!same) {
        if (!vec_push(all, ((struct ways){.how = *how}))) {
            report->document.failed = true;
            return;
        }
        *how = (struct strbuf){0};
        same = &all->items[all->count - 1];
    }
    put_separated(&same->structures, ", ");
    strbuf_puts(&same->structures, structure->name);
}

static void proven_lines(struct report *report, const struct layout_proofs *proofs) {
    _cleanup_(cleanup_ways) struct all_ways all = {0};
    vec_each (proof, &proofs->items) {
        if (!proof->how || !is_first(proofs, proof, NULL))
            continue;
        _cleanup_(strbuf_free) struct strbuf how = {0};
        put_ways(&how, proofs, proof->structure);
        add_ways(report, proof->structure, &how, &all);
    }
    vec_each (ways, &all) {
        /* further lines of one begin two columns behind it */
        const char *structures = strbuf_text(&ways->structures);
        size_t indent = strnlen(structures, 2);
        report_paragraph(report, LINE_PLAIN, "%-8s %.2s\v%s: %s", ways == all.items ? "proven" : "",
                         structures, structures + indent, strbuf_text(&ways->how));
        report->document.failed |= ways->structures.failed || ways->how.failed;
    }
}

/* The names of all that are of a kind; or, as counts, of how many fields of which structures. */
static void put_names(struct strbuf *text, const struct layout_proofs *proofs,
                      enum proof_kind kind) {
    vec_each (proof, &proofs->items) {
        if (proof->kind != kind)
            continue;
        put_separated(text, ", ");
        put_name(text, proof);
        if (kind == PROOF_MOVED)
            strbuf_printf(text, " by %+d", proof->moved);
    }
}

static void put_counts(struct strbuf *text, const struct layout_proofs *proofs,
                       enum proof_kind kind) {
    for (size_t i = 0; i < layout_structure_count; i++) {
        size_t count = 0;
        vec_each (proof, &proofs->items)
            count += proof->kind == kind && proof->structure == &layout_structures[i];
        if (!count)
            continue;
        put_separated(text, ", ");
        strbuf_printf(text, "%zu of %s", count, layout_structures[i].name);
    }
}

static void kind_line(struct report *report, const struct strbuf *text, const char *label,
                      const char *meaning) {
    if (text->length)
        report_paragraph(report, LINE_PLAIN, "%-8s \v%s: %s", label, meaning, strbuf_text(text));
    report->document.failed |= text->failed;
}

static void kind_lines(struct report *report, const struct layout_proofs *proofs, bool names) {
    _cleanup_(strbuf_free) struct strbuf moved = {0}, between = {0}, unproven = {0};
    put_names(&moved, proofs, PROOF_MOVED);
    (names ? put_names : put_counts)(&between, proofs, PROOF_BETWEEN);
    put_names(&unproven, proofs, PROOF_NONE);
    kind_line(report, &moved, "moved", "by so many bytes against the table");
    kind_line(report, &between, "between", "as far from their neighbours as in the table");
    kind_line(report, &unproven, "left out", "nothing proves");
}

static void assumed_line(struct report *report, const struct layout *layout, bool names) {
    _cleanup_(strbuf_free) struct strbuf text = {0};
    size_t count = 0;
    for (size_t i = 0; i < layout_structure_count; i++) {
        if (!is_assumed(layout, &layout_structures[i]))
            continue;
        strbuf_puts(&text, count++ ? ", " : ": ");
        strbuf_puts(&text, layout_structures[i].name);
    }
    if (count)
        report_paragraph(report, LINE_PLAIN, "%-8s \v%zu structure%s as the table of %s has %s%s",
                         "guessed", count, count == 1 ? "" : "s", layout->proofs->table,
                         count == 1 ? "it" : "them", names ? strbuf_text(&text) : "");
    report->document.failed |= text.failed;
}

void derivation_lines(struct report *report, const struct layout *layout, bool names) {
    if (!layout || !layout->proofs)
        return;
    proven_lines(report, layout->proofs);
    kind_lines(report, layout->proofs, names);
    assumed_line(report, layout, names);
}
