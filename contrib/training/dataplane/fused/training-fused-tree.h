// SPDX-License-Identifier: GPL-2.0-only
//
// File: training-fused-tree.h
// ---------------------------
// How long chunks take up and down the trees of an all-reduce, on otherwise idle NICs: a small run
// of its own, message by message, with nothing measured in it.
//
//   TreePipeline trees;
//   trees.Add({tree, child, parent, messages, up, down});   // every edge of every tree
//   double ps = trees.Time(false);                          // until the last chunk is everywhere
//
// A chunk goes up when those of all children are there, and down from the root, one step latency
// after what it waits for. The queue pairs that have something to send share a port equally, as
// packets take turns; what arrives at a port faster than it takes waits there, first come, first
// served. Of the ports on its way, a message waits at the one with the longest queue: what has
// waited there comes to the next at its pace.
//
// Deviations: paths are those of queue pairs that are pinned to one. Of many chunks only the first
// are played out, the others follow at the pace of the busiest port.

#ifndef HEDDLE_TRAINING_FUSED_TREE_H
#define HEDDLE_TRAINING_FUSED_TREE_H

#include <cstdint>
#include <map>
#include <vector>

namespace heddle::training
{

class TreePipeline
{
  public:
    struct Port
    {
        uint32_t id;  ///< any number
        double share; ///< a message's time on it over that on the port that it leaves by
    };

    /// One message over an edge, one way.
    struct Way
    {
        uint32_t out;           ///< port that it leaves by
        std::vector<Port> ins;  ///< … and comes to then; other numbers
        double step;            ///< software before, ps
        double latency;         ///< from the last bit's departure to the delivery, ps
        double acknowledgement; ///< beyond that; ps
        double message;         ///< serialisation, ps
        bool whole;             ///< the port serves message after message (scale-up), not in turns
        double grant;           ///< from a delivery until its slot is known to be free, ps
    };

    /// Receive slots: messages of a connection that may be posted and not delivered.
    void SetSlots(uint32_t slots)
    {
        m_slots = slots;
    }

    struct Edge
    {
        uint32_t tree; ///< any number
        uint32_t child;
        uint32_t parent;
        uint64_t chunks;
        Way up;
        Way down;
    };

    void Add(const Edge& edge);

    bool empty() const
    {
        return m_edges.empty();
    }

    void Clear();

    /// Of what was added, with the last acknowledgement or without; ps.
    double Time(bool acknowledged) const;
    /// Of the busiest port; ps.
    double BusiestTime() const;

  private:
    static constexpr uint32_t kNobody = ~0U;

    double Busiest(bool all) const;
    uint32_t NodeOf(uint32_t tree, uint32_t rank);

    struct Node
    {
        uint32_t parent; ///< edge; kNobody: a root
        std::vector<uint32_t> children;
    };

    uint32_t m_slots = 0; ///< 0: any number
    std::vector<Edge> m_edges;
    std::vector<Node> m_nodes;
    std::vector<std::pair<uint32_t, uint32_t>> m_ends; ///< by edge: nodes of child and parent
    std::map<std::pair<uint32_t, uint32_t>, uint32_t> m_nodeOf;
    friend class TreeRun;
};

} // namespace heddle::training

#endif
