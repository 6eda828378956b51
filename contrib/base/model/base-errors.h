// SPDX-License-Identifier: BSD-3-Clause
//
// File: base-errors.h
// -------------------
// Two kinds of trouble. InputError: the user's mistake, thrown with where, what and what would be
// right; the command line prints it and exits 2. RunError: the run could not finish (deadlock,
// stalled transfers); exit 1. HEDDLE_CHECK: a broken invariant of ours; prints and aborts. Never
// use it on input (ns-3's own assertions are compiled out of Debian's libraries).

#ifndef HEDDLE_BASE_ERRORS_H
#define HEDDLE_BASE_ERRORS_H

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace heddle
{

class InputError : public std::runtime_error
{
  public:
    explicit InputError(const std::string& what) : std::runtime_error(what)
    {
    }
};

class RunError : public std::runtime_error
{
  public:
    explicit RunError(const std::string& what) : std::runtime_error(what)
    {
    }
};

/// The candidates nearest to a misspelt name (Damerau-Levenshtein), best first, at most `limit`.
std::vector<std::string> NearestNames(std::string_view name,
                                      const std::vector<std::string>& candidates,
                                      size_t limit = 3);

/// " Did you mean 'x' or 'y'?" or, when nothing is near, " Known: a, b, c."
std::string DidYouMean(std::string_view name, const std::vector<std::string>& candidates);

[[noreturn]] void CheckFailed(const char* file,
                              int line,
                              const char* condition,
                              const std::string& text);
[[noreturn]] void CheckFailed(const char* file, int line, const char* condition, const char* text);

} // namespace heddle

#define HEDDLE_CHECK(condition, text)                                                              \
    do                                                                                             \
    {                                                                                              \
        if (__builtin_expect(!(condition), 0))                                                     \
        {                                                                                          \
            ::heddle::CheckFailed(__FILE__, __LINE__, #condition, (text));                         \
        }                                                                                          \
    } while (false)

#endif
