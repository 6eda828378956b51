// SPDX-License-Identifier: BSD-3-Clause
//
// File: base-hash.h
// -----------------
// Integer mixing: bijective, seedable, the same on every machine. Not cryptographic.

#ifndef HEDDLE_BASE_HASH_H
#define HEDDLE_BASE_HASH_H

#include <cstdint>
#include <string_view>

namespace heddle
{

/// MurmurHash3's 64-bit finaliser: a bijection, so distinct inputs stay distinct.
constexpr uint64_t
Mix64(uint64_t x)
{
    x ^= x >> 33;
    x *= 0xff51afd7ed558ccdULL;
    x ^= x >> 33;
    x *= 0xc4ceb9fe1a85ec53ULL;
    x ^= x >> 33;
    return x;
}

/// Order-dependent combination of two values.
constexpr uint64_t
HashCombine(uint64_t a, uint64_t b)
{
    return Mix64(a * 0x9e3779b97f4a7c15ULL + Mix64(b + 0x632be59bd9b4e019ULL));
}

/// FNV-1a, then mixed: stable names for purposes and entities.
constexpr uint64_t
HashString(std::string_view text)
{
    uint64_t h = 0xcbf29ce484222325ULL;
    for (char c : text)
    {
        h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
    }
    return Mix64(h);
}

} // namespace heddle

#endif
