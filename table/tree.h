/* Trees as data: named values, groups, lists and tables, in order. The shape of a JSON document. */
#ifndef HEAPGLASS_TABLE_TREE_H
#define HEAPGLASS_TABLE_TREE_H

#include "base/arena.h"
#include "table/table.h"

enum node_shape { NODE_GROUP, NODE_LIST, NODE_VALUE, NODE_TABLE };

struct node {
    enum node_shape shape;
    const char *key; /* NULL in a list */
    struct value value;
    const struct table *table;
    struct node *first, *last, *next; /* children; next sibling */
};

/* Starts zeroed: an empty group. Without memory `failed` is set, and nodes that could not be made
 * are left out. */
struct tree {
    struct arena arena;
    struct node root; /* a group */
    bool failed;
};

/* Each appends to a group or list of the tree and returns the new node. Keys are borrowed (string
 * literals), texts are copied, addresses and tables borrowed. A NULL parent adds nothing. */
struct node *tree_group(struct tree *tree, struct node *parent, const char *key);
struct node *tree_list(struct tree *tree, struct node *parent, const char *key);
struct node *tree_add(struct tree *tree, struct node *parent, const char *key, struct value value);
struct node *tree_table(struct tree *tree, struct node *parent, const char *key,
                        const struct table *table);

void tree_clear(struct tree *tree);

#endif
