// SPDX-License-Identifier: BSD-3-Clause
#include "ns3/base-errors.h"

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <cstdlib>

namespace heddle
{

namespace
{

char
Lower(char c)
{
    return static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
}

/// Optimal string alignment distance, case-insensitive.
size_t
EditDistance(std::string_view a, std::string_view b)
{
    std::vector<std::vector<size_t>> d(a.size() + 1, std::vector<size_t>(b.size() + 1));
    for (size_t i = 0; i <= a.size(); ++i)
    {
        d[i][0] = i;
    }
    for (size_t j = 0; j <= b.size(); ++j)
    {
        d[0][j] = j;
    }
    for (size_t i = 1; i <= a.size(); ++i)
    {
        for (size_t j = 1; j <= b.size(); ++j)
        {
            const bool same = Lower(a[i - 1]) == Lower(b[j - 1]);
            d[i][j] =
                std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + (same ? 0 : 1)});
            if (i > 1 && j > 1 && Lower(a[i - 1]) == Lower(b[j - 2]) &&
                Lower(a[i - 2]) == Lower(b[j - 1]))
            {
                d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
            }
        }
    }
    return d[a.size()][b.size()];
}

} // namespace

std::vector<std::string>
NearestNames(std::string_view name, const std::vector<std::string>& candidates, size_t limit)
{
    std::vector<std::pair<size_t, std::string>> scored;
    for (const auto& candidate : candidates)
    {
        size_t distance = EditDistance(name, candidate);
        const bool contained = name.size() >= 3 && (candidate.find(name) != std::string::npos ||
                                                    name.find(candidate) != std::string_view::npos);
        if (distance <= std::max<size_t>(2, name.size() / 3) || contained)
        {
            scored.emplace_back(distance, candidate);
        }
    }
    std::sort(scored.begin(), scored.end());
    std::vector<std::string> nearest;
    for (const auto& [distance, candidate] : scored)
    {
        if (nearest.size() < limit)
        {
            nearest.push_back(candidate);
        }
    }
    return nearest;
}

std::string
DidYouMean(std::string_view name, const std::vector<std::string>& candidates)
{
    const auto nearest = NearestNames(name, candidates);
    std::string text;
    if (!nearest.empty())
    {
        for (const auto& candidate : nearest)
        {
            text += (text.empty() ? " Did you mean '" : " or '") + candidate + "'";
        }
        return text + "?";
    }
    for (const auto& candidate : candidates)
    {
        text += (text.empty() ? " Known: " : ", ") + candidate;
    }
    return text.empty() ? text : text + ".";
}

void
CheckFailed(const char* file, int line, const char* condition, const std::string& text)
{
    std::fprintf(stderr,
                 "heddle: internal error at %s:%d: %s (%s). Please report this.\n",
                 file,
                 line,
                 text.c_str(),
                 condition);
    std::abort();
}

void
CheckFailed(const char* file, int line, const char* condition, const char* text)
{
    CheckFailed(file, line, condition, std::string(text));
}

} // namespace heddle
