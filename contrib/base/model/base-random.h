// SPDX-License-Identifier: BSD-3-Clause
//
// File: base-random.h
// -------------------
// Counter-based random numbers: a draw is a pure function of (seed, purpose, entity, index), so it
// does not depend on the order of events, on threads, or on what else is drawn.
//
//   RandomStream jitter(seed, "compute-jitter", accelerator);
//   double g = jitter.Normal(kernelIndex);
//
// Generator: SplitMix64-style double mixing of the counter (Steele et al., OOPSLA'14); the tests
// check uniformity and independence between neighbours. Normal draws use the inverse CDF (one
// draw per normal; Boost.Math would pull floating-point policies into hot paths, Acklam's rational
// approximation refined by one Halley step is exact to 1e-15).

#ifndef HEDDLE_BASE_RANDOM_H
#define HEDDLE_BASE_RANDOM_H

#include "ns3/base-hash.h"

#include <cstdint>
#include <string_view>

namespace heddle
{

class RandomStream
{
  public:
    RandomStream(uint64_t seed, std::string_view purpose, uint64_t entity)
        : m_key(HashCombine(HashCombine(seed, HashString(purpose)), entity))
    {
    }

    /// 64 uniform bits for draw `index`.
    uint64_t Bits(uint64_t index) const
    {
        return Mix64(Mix64(index * 0x9e3779b97f4a7c15ULL + m_key) ^ m_key);
    }

    /// Uniform in [0, n); n > 0. Bias below 2^-32 for n < 2^32.
    uint32_t Below(uint64_t index, uint32_t n) const
    {
        return static_cast<uint32_t>(((Bits(index) >> 32) * n) >> 32);
    }

    /// Uniform in (0, 1): never exactly 0 or 1.
    double Uniform(uint64_t index) const
    {
        return (static_cast<double>(Bits(index) >> 11) + 0.5) * 0x1.0p-53;
    }

    double Normal(uint64_t index) const;                       ///< mean 0, variance 1
    double Exponential(uint64_t index) const;                  ///< mean 1
    double LogNormalMean1(uint64_t index, double sigma) const; ///< mean 1, log-scale sigma

  private:
    friend class RandomFamily;

    explicit RandomStream(uint64_t key) : m_key(key)
    {
    }

    uint64_t m_key;
};

/// The streams of one purpose, made when needed: nothing to keep per entity.
class RandomFamily
{
  public:
    RandomFamily(uint64_t seed, std::string_view purpose)
        : m_base(HashCombine(seed, HashString(purpose)))
    {
    }

    /// The same as RandomStream(seed, purpose, entity).
    RandomStream Of(uint64_t entity) const
    {
        return RandomStream(HashCombine(m_base, entity));
    }

  private:
    uint64_t m_base;
};

} // namespace heddle

#endif
