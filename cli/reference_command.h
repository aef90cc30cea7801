/* What `refs` and `referrers` have in common: all but the direction. */
#ifndef HEAPGLASS_CLI_REFERENCE_COMMAND_H
#define HEAPGLASS_CLI_REFERENCE_COMMAND_H

#include "cli/command.h"
#include "introspect/analyses/reference_tree.h"

struct err *reference_command(struct cli *cli, enum reference_direction direction) ERR_CHECK;

#endif
