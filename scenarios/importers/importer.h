// SPDX-License-Identifier: GPL-2.0-only
//
// File: importer.h
// ----------------
// A foreign workload file becomes a task graph. Each importer registers itself from one file in
// category "importer" with its parameters:
//
//   const auto& choice = RegistryIndex::Find("importer", "simai");           // or InputError
//   const ParameterValues values(choice, {{"ranks", "64"}});
//   std::vector<std::string> notes;
//   TaskGraph graph = FindFactory<ImporterFactory>("importer", "simai")(path, values, notes);
//
// Errors are InputErrors that begin with file:line:column. `notes` receives, in order, what the
// file asks for and the graph does not do: print them to stderr, nothing is dropped silently.

#ifndef HEDDLE_SCENARIOS_IMPORTER_H
#define HEDDLE_SCENARIOS_IMPORTER_H

#include "ns3/base-registry.h"
#include "ns3/collectives-task-graph.h"

#include <string>
#include <vector>

namespace heddle
{

using ImporterFactory = TaskGraph (*)(const std::string& path,
                                      const ParameterValues& parameters,
                                      std::vector<std::string>& notes);

} // namespace heddle

#endif
