// SPDX-License-Identifier: GPL-2.0-only
//
// File: fabric-majority-vote.h
// ----------------------------
// Internal to both flow levels: which port cost a flow most, in constant space (Boyer and Moore's
// vote, weighted): right wherever one port cost more than all others together.

#ifndef HEDDLE_FABRIC_MAJORITY_VOTE_H
#define HEDDLE_FABRIC_MAJORITY_VOTE_H

#include <cstdint>

namespace heddle::fabric
{

/// `port` cost `lost` (ps); `culprit` leads the others by `lead` (ps).
inline void
Blame(uint32_t& culprit, double& lead, uint32_t port, double lost)
{
    if (culprit == port)
    {
        lead += lost;
    }
    else if (lead > lost)
    {
        lead -= lost;
    }
    else
    {
        culprit = port;
        lead = lost - lead;
    }
}

} // namespace heddle::fabric

#endif
