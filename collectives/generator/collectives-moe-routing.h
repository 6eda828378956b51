// SPDX-License-Identifier: BSD-3-Clause
//
// File: collectives-moe-routing.h
// -------------------------------
// How many (token, expert) pairs each rank of an expert-parallel group sends to each other.
//
// Popularity is Zipf(s), p_i ∝ i^-s, with a fresh random order of the experts per layer. Expected
// counts: every source sends its share p_e of T·k pairs, rounded so that the sums stay exact.
// Drawn: every token picks k distinct experts by popularity; then even s = 0 is uneven, as in
// practice. Measured Gini coefficients of 0.1-0.38 correspond to s of 0.2-0.66 (128 experts: 0.201
// → 0.105, 0.625 → 0.38; arXiv 2605.20982 abstract). Everything is a function of the seed.
//
// Known deviation: expected counts do not cap an expert at one pair per token (matters beyond s =
// 1).

#ifndef HEDDLE_COLLECTIVES_MOE_ROUTING_H
#define HEDDLE_COLLECTIVES_MOE_ROUTING_H

#include "ns3/collectives-generator.h"

#include <cstdint>
#include <map>
#include <tuple>
#include <vector>

namespace heddle
{

class MoeRouting
{
  public:
    explicit MoeRouting(const StepSpec& spec);

    /// True when all blocks are equal and pairs need no matrix.
    bool balanced() const
    {
        return m_balanced;
    }

    /// [source member][destination member] pairs of one layer, micro-batch and expert-parallel
    /// group.
    using Matrix = std::vector<std::vector<uint64_t>>;
    const Matrix& Pairs(uint32_t layer, uint32_t microBatch, uint32_t group);

    /// Popularity of each expert of a layer; sums to 1.
    std::vector<double> Popularity(uint32_t layer) const;

  private:
    Matrix Expected(uint32_t layer) const;
    Matrix Drawn(uint32_t layer, uint32_t microBatch, uint32_t group) const;

    const StepSpec& m_spec;
    bool m_balanced;
    uint64_t m_tokens;
    std::map<std::tuple<uint32_t, uint32_t, uint32_t>, Matrix> m_cache;
};

} // namespace heddle

#endif
