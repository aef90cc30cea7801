#include "table/tree.h"

static struct node *tree_append(struct tree *tree, struct node *parent, enum node_shape shape,
                                const char *key) {
    if (!parent)
        return NULL;
    struct node *node = arena_alloc(&tree->arena, sizeof *node);
    if (!node) {
        tree->failed = true;
        return NULL;
    }
    node->shape = shape;
    node->key = key;
    if (parent->last)
        parent->last->next = node;
    else
        parent->first = node;
    parent->last = node;
    return node;
}

struct node *tree_group(struct tree *tree, struct node *parent, const char *key) {
    return tree_append(tree, parent, NODE_GROUP, key);
}

struct node *tree_list(struct tree *tree, struct node *parent, const char *key) {
    return tree_append(tree, parent, NODE_LIST, key);
}

struct node *tree_add(struct tree *tree, struct node *parent, const char *key, struct value value) {
    if (value.kind == VALUE_TEXT) {
        value.text = arena_strdup(&tree->arena, value.text);
        if (!value.text) {
            tree->failed = true;
            return NULL;
        }
    }
    struct node *node = tree_append(tree, parent, NODE_VALUE, key);
    if (node)
        node->value = value;
    return node;
}

struct node *tree_table(struct tree *tree, struct node *parent, const char *key,
                        const struct table *table) {
    struct node *node = tree_append(tree, parent, NODE_TABLE, key);
    if (node)
        node->table = table;
    return node;
}

void tree_clear(struct tree *tree) {
    arena_clear(&tree->arena);
    *tree = (struct tree){0};
}
