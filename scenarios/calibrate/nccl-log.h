// SPDX-License-Identifier: GPL-2.0-only
//
// File: nccl-log.h
// ----------------
// The table that NVIDIA's nccl-tests print.
//
//   const NcclLog log = ReadNcclLog("all_reduce.log", text);
//   log.rows[0].bytes, log.rows[0].seconds                      // out of place
//
// Lines that begin with '#' are comments: the test's name, and a line "Rank r … on HOST device d"
// per rank, are read from them. Rows have 9, 13 or more columns: size (B), count, type, redop,
// root, then time (us), algbw, busbw (GB/s), #wrong out of place, the same in place, extras. Other
// lines (launchers, warnings) are passed over. Source: nccl-tests src/common.cu, src/util.cu.
// Errors are InputErrors "file:line: …".

#ifndef HEDDLE_SCENARIOS_NCCL_LOG_H
#define HEDDLE_SCENARIOS_NCCL_LOG_H

#include <cstdint>
#include <string>
#include <vector>

namespace heddle
{

struct NcclRow
{
    int line;
    uint64_t bytes;
    double seconds;
};

struct NcclLog
{
    std::string collective;    ///< "all-reduce", "all-gather", "reduce-scatter"; empty if not said
    uint32_t ranks = 0;        ///< 0 if not said
    uint32_t hosts = 0;        ///< 0 if not said
    std::vector<NcclRow> rows; ///< by growing size
};

NcclLog ReadNcclLog(const std::string& file, const std::string& text);

} // namespace heddle

#endif
