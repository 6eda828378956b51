// SPDX-License-Identifier: GPL-2.0-only
//
// What `list` and `describe` print about things that a scenario can name.

#ifndef HEDDLE_SCENARIOS_LISTING_H
#define HEDDLE_SCENARIOS_LISTING_H

#include "cli/command.h"

namespace heddle
{

std::vector<std::string> ListCategories();       ///< sorted
void PrintCategory(const std::string& category); ///< to stdout
bool PrintNamed(const std::string& name);        ///< every thing of that name; false when none
std::vector<std::string> AllNames();

/// Fields of a scenario by name or path, "flap", "faults.flap.retrain", from the schema's comments:
/// meaning, default, source. False when there is none.
bool PrintSchemaField(const std::string& name);
std::vector<std::string> AllFieldNames();

} // namespace heddle

#endif
