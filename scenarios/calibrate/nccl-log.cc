// SPDX-License-Identifier: GPL-2.0-only
#include "calibrate/nccl-log.h"

#include "ns3/base-errors.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <sstream>

namespace heddle
{

namespace
{

constexpr size_t kFewestColumns = 9;
constexpr size_t kSizeColumn = 0;
constexpr size_t kTimeColumn = 5;
constexpr size_t kBandwidthColumn = 6;
constexpr size_t kWrongColumn = 8;

/// Printed figures are rounded to three or four digits, the small ones to a hundredth.
constexpr double kRelativeRounding = 0.02;
constexpr double kAbsoluteRounding = 0.011; // GB/s

const std::pair<const char*, const char*> kTests[] = {{"all_reduce", "all-reduce"},
                                                      {"all_gather", "all-gather"},
                                                      {"reduce_scatter", "reduce-scatter"},
                                                      {"alltoall", "all-to-all"}};

class Reader
{
  public:
    explicit Reader(const std::string& file) : m_file(file)
    {
    }

    void Line(const std::string& line)
    {
        ++m_line;
        std::istringstream in(line);
        std::vector<std::string> words;
        for (std::string word; in >> word;)
        {
            words.push_back(word);
        }
        if (words.empty())
        {
            return;
        }
        if (words[0][0] == '#')
        {
            Comment(line, words);
        }
        else if (words[0].find_first_not_of("0123456789") == std::string::npos)
        {
            Row(words);
        }
    }

    NcclLog Finish()
    {
        if (m_log.rows.empty())
        {
            throw InputError(m_file + ": no row of an nccl-tests table (size, count, type, redop, "
                                      "root, time, algbw, busbw, #wrong, …) is in it.");
        }
        m_log.hosts = static_cast<uint32_t>(m_hosts.size());
        std::sort(m_log.rows.begin(),
                  m_log.rows.end(),
                  [](const NcclRow& a, const NcclRow& b) { return a.bytes < b.bytes; });
        return m_log;
    }

  private:
    [[noreturn]] void Fail(const std::string& text) const
    {
        throw InputError(m_file + ":" + std::to_string(m_line) + ": " + text);
    }

    void Comment(const std::string& line, const std::vector<std::string>& words)
    {
        for (const auto& [test, name] : kTests)
        {
            if (line.find(std::string(test) + "_perf") != std::string::npos)
            {
                m_log.collective = name;
            }
        }
        const auto on = std::find(words.begin(), words.end(), "on");
        if (words.size() > 2 && words[1] == "Rank" && on != words.end() && on + 1 != words.end())
        {
            ++m_log.ranks;
            m_hosts.insert(*(on + 1));
        }
    }

    double Number(const std::string& word, const char* what) const
    {
        char* end = nullptr;
        const double value = std::strtod(word.c_str(), &end);
        if (*end != '\0' || !std::isfinite(value))
        {
            Fail(std::string(what) + " '" + word + "' is not a number.");
        }
        return value;
    }

    void Row(const std::vector<std::string>& words)
    {
        if (words.size() < kFewestColumns)
        {
            Fail("a row has " + std::to_string(words.size()) +
                 " columns; nccl-tests prints 9 (one side) or 13.");
        }
        const double bytes = Number(words[kSizeColumn], "size");
        const double seconds = 1e-6 * Number(words[kTimeColumn], "time");
        const double bandwidth = Number(words[kBandwidthColumn], "algbw");
        if (bytes == 0)
        {
            return; // sizes below a byte per rank are rounded to nothing
        }
        if (!(seconds > 0))
        {
            Fail("time '" + words[kTimeColumn] + "' is not positive.");
        }
        const double expected = bytes / seconds / 1e9;
        if (std::abs(bandwidth - expected) > kAbsoluteRounding + kRelativeRounding * expected)
        {
            Fail("algbw " + words[kBandwidthColumn] + " GB/s is not size/time = " +
                 std::to_string(expected) + " GB/s: is this an nccl-tests table?");
        }
        if (words[kWrongColumn] != "N/A" && Number(words[kWrongColumn], "#wrong") >= 1)
        {
            Fail("the run gave wrong data (#wrong " + words[kWrongColumn] + "); do not fit it.");
        }
        m_log.rows.push_back({m_line, static_cast<uint64_t>(bytes), seconds});
    }

    std::string m_file;
    int m_line = 0;
    NcclLog m_log;
    std::set<std::string> m_hosts;
};

} // namespace

NcclLog
ReadNcclLog(const std::string& file, const std::string& text)
{
    Reader reader(file);
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);)
    {
        reader.Line(line);
    }
    return reader.Finish();
}

} // namespace heddle
