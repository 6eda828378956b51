// SPDX-License-Identifier: GPL-2.0-only
#include "cli/command.h"

int
main(int argc, char** argv)
{
    return heddle::RunCommandLine({argv + 1, argv + argc});
}
