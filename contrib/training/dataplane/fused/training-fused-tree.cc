// SPDX-License-Identifier: GPL-2.0-only
#include "ns3/training-fused-tree.h"

#include <algorithm>
#include <deque>
#include <queue>
#include <tuple>

namespace heddle::training
{

namespace
{

constexpr uint64_t kMostMessages = 200'000; ///< that are played out; about 0.1 s
constexpr double kRounding = 1;             ///< ps

} // namespace

/// A queue pair is an edge one way: 2·edge up, 2·edge + 1 down.
class TreeRun
{
  public:
    TreeRun(const TreePipeline& trees, uint64_t most) : m_trees(trees), m_most(most)
    {
        uint32_t ports = 0;
        for (const TreePipeline::Edge& edge : trees.m_edges)
        {
            for (const TreePipeline::Way* way : {&edge.up, &edge.down})
            {
                m_ways.push_back(way);
                ports = std::max(ports, way->out + 1);
                for (const TreePipeline::Port& in : way->ins)
                {
                    ports = std::max(ports, in.id + 1);
                }
            }
        }
        m_pairs.resize(m_ways.size());
        m_outs.resize(ports);
        m_ins.resize(ports);
        m_missing.resize(trees.m_nodes.size());
        for (uint32_t node = 0; node < trees.m_nodes.size(); ++node)
        {
            const auto children = static_cast<uint32_t>(trees.m_nodes[node].children.size());
            m_missing[node].assign(ChunksOf(node), children);
        }
    }

    /// When the last chunk is delivered, or acknowledged.
    double Run(bool acknowledged)
    {
        for (uint32_t node = 0; node < m_missing.size(); ++node)
        {
            for (uint32_t chunk = 0; chunk < m_missing[node].size(); ++chunk)
            {
                if (m_missing[node][chunk] == 0)
                {
                    Reduced(0, node, chunk);
                }
            }
        }
        double last = 0;
        while (!m_events.empty())
        {
            const Event event = m_events.top();
            m_events.pop();
            switch (event.kind)
            {
            case Event::Post:
                OnPost(event);
                break;
            case Event::Left:
                OnLeft(event);
                break;
            case Event::Enters:
                OnEnters(event);
                break;
            case Event::Arrived:
                last = std::max(last,
                                event.at + (acknowledged ? m_ways[event.who]->acknowledgement : 0));
                OnArrived(event);
                break;
            }
        }
        return last;
    }

  private:
    struct Event
    {
        enum Kind : uint8_t
        {
            Post,
            Left,   ///< some message the port `who`, unless `what` is out of date
            Enters, ///< all of a message the port that it comes to, as soon as that is free
            Arrived,
        };

        double at;
        uint64_t order;
        Kind kind;
        uint32_t who;  ///< queue pair, or port
        uint32_t what; ///< chunk

        bool operator<(const Event& other) const ///< the first is the largest
        {
            return std::tie(at, order) > std::tie(other.at, other.order);
        }
    };

    struct Pair
    {
        std::deque<uint32_t> chunks;                     ///< the first leaves
        double left = 0;                                 ///< of it, ps at full rate
        uint32_t open = 0;                               ///< posted and not delivered
        std::deque<std::pair<double, uint32_t>> waiting; ///< for a slot: since, chunk
    };

    struct Out
    {
        std::vector<uint32_t> pairs; ///< that send, with equal shares
        double since = 0;
        double free = 0; ///< that serves whole messages: when
        uint32_t version = 0;
    };

    struct In
    {
        double inflow = 0; ///< of its rate
        double queue = 0;  ///< ps
        double since = 0;
        double free = 0;
    };

    uint32_t ChunksOf(uint32_t node) const
    {
        const TreePipeline::Node& n = m_trees.m_nodes[node];
        const uint32_t edge = n.parent != TreePipeline::kNobody ? n.parent : n.children.front();
        return static_cast<uint32_t>(std::min(m_most, m_trees.m_edges[edge].chunks));
    }

    void Schedule(double at, Event::Kind kind, uint32_t who, uint32_t what)
    {
        m_events.push({at, m_order++, kind, who, what});
    }

    void PostTo(double now, uint32_t id, uint32_t chunk)
    {
        Pair& pair = m_pairs[id];
        if (m_trees.m_slots > 0 && pair.open == m_trees.m_slots)
        {
            pair.waiting.emplace_back(now, chunk);
            return;
        }
        ++pair.open;
        Schedule(now + m_ways[id]->step, Event::Post, id, chunk);
    }

    void FreeSlot(double now, uint32_t id)
    {
        Pair& pair = m_pairs[id];
        --pair.open;
        if (pair.waiting.empty())
        {
            return;
        }
        const auto [since, chunk] = pair.waiting.front();
        pair.waiting.pop_front();
        ++pair.open;
        const TreePipeline::Way& way = *m_ways[id];
        Schedule(std::max(since + way.step, now + way.grant), Event::Post, id, chunk);
    }

    void Reduced(double now, uint32_t node, uint32_t chunk)
    {
        const uint32_t parent = m_trees.m_nodes[node].parent;
        if (parent != TreePipeline::kNobody)
        {
            PostTo(now, 2 * parent, chunk);
            return;
        }
        Spread(now, node, chunk);
    }

    void Spread(double now, uint32_t node, uint32_t chunk)
    {
        for (const uint32_t child : m_trees.m_nodes[node].children)
        {
            PostTo(now, 2 * child + 1, chunk);
        }
    }

    void Settle(Out& out, double now)
    {
        for (const uint32_t pair : out.pairs)
        {
            m_pairs[pair].left -= (now - out.since) / static_cast<double>(out.pairs.size());
        }
        out.since = now;
    }

    void AddInflow(uint32_t pair, double now, double more)
    {
        for (const TreePipeline::Port& port : m_ways[pair]->ins)
        {
            In& in = m_ins[port.id];
            in.queue = std::max(0.0, in.queue + (in.inflow - 1) * (now - in.since));
            in.since = now;
            in.inflow += more * port.share;
        }
    }

    /// A queue pair comes or goes: the shares of the others.
    void Share(Out& out, double now, double before, double after)
    {
        for (const uint32_t pair : out.pairs)
        {
            AddInflow(pair, now, 1 / after - 1 / before);
        }
    }

    void Arm(uint32_t port, double now)
    {
        Out& out = m_outs[port];
        ++out.version;
        double least = -1;
        for (const uint32_t pair : out.pairs)
        {
            const double left = std::max(0.0, m_pairs[pair].left);
            least = least < 0 ? left : std::min(least, left);
        }
        if (least >= 0)
        {
            Schedule(now + least * static_cast<double>(out.pairs.size()),
                     Event::Left,
                     port,
                     out.version);
        }
    }

    /// As Engine::PostScaleUp().
    void OnWhole(const Event& event)
    {
        const TreePipeline::Way& way = *m_ways[event.who];
        Out& out = m_outs[way.out];
        const double start = std::max(event.at, out.free);
        out.free = start + way.message;
        Schedule(start, Event::Enters, event.who, event.what);
    }

    void OnEnters(const Event& event)
    {
        const TreePipeline::Way& way = *m_ways[event.who];
        double& free = m_ins[way.ins.back().id].free;
        free = std::max(event.at + way.latency, free) + way.message;
        Schedule(free, Event::Arrived, event.who, event.what);
    }

    void OnPost(const Event& event)
    {
        if (m_ways[event.who]->whole)
        {
            OnWhole(event);
            return;
        }
        Pair& pair = m_pairs[event.who];
        pair.chunks.push_back(event.what);
        if (pair.chunks.size() > 1)
        {
            return;
        }
        const uint32_t port = m_ways[event.who]->out;
        Out& out = m_outs[port];
        Settle(out, event.at);
        const auto before = static_cast<double>(out.pairs.size());
        Share(out, event.at, before, before + 1);
        out.pairs.push_back(event.who);
        pair.left = m_ways[event.who]->message;
        AddInflow(event.who, event.at, 1 / (before + 1));
        Arm(port, event.at);
    }

    void OnLeft(const Event& event)
    {
        Out& out = m_outs[event.who];
        if (out.version != event.what)
        {
            return;
        }
        Settle(out, event.at);
        std::vector<uint32_t> going;
        for (const uint32_t id : out.pairs)
        {
            Pair& pair = m_pairs[id];
            if (pair.left > kRounding)
            {
                continue;
            }
            AddInflow(id, event.at, 0);
            double queue = 0;
            for (const TreePipeline::Port& port : m_ways[id]->ins)
            {
                queue = std::max(queue, m_ins[port.id].queue);
            }
            Schedule(event.at + queue + m_ways[id]->latency,
                     Event::Arrived,
                     id,
                     pair.chunks.front());
            pair.chunks.pop_front();
            pair.left = m_ways[id]->message;
            if (pair.chunks.empty())
            {
                going.push_back(id);
            }
        }
        for (const uint32_t id : going)
        {
            const auto before = static_cast<double>(out.pairs.size());
            AddInflow(id, event.at, -1 / before);
            out.pairs.erase(std::find(out.pairs.begin(), out.pairs.end(), id));
            Share(out, event.at, before, before - 1);
        }
        Arm(event.who, event.at);
    }

    void OnArrived(const Event& event)
    {
        FreeSlot(event.at, event.who);
        const auto [child, parent] = m_trees.m_ends[event.who / 2];
        if (event.who % 2 == 1)
        {
            Spread(event.at, child, event.what);
        }
        else if (--m_missing[parent][event.what] == 0)
        {
            Reduced(event.at, parent, event.what);
        }
    }

    const TreePipeline& m_trees;
    uint64_t m_most; ///< chunks
    std::vector<const TreePipeline::Way*> m_ways;
    std::vector<Pair> m_pairs;
    std::vector<Out> m_outs;
    std::vector<In> m_ins;
    std::vector<std::vector<uint32_t>> m_missing; ///< by node and chunk: children's
    std::priority_queue<Event> m_events;
    uint64_t m_order = 0;
};

uint32_t
TreePipeline::NodeOf(uint32_t tree, uint32_t rank)
{
    const auto [entry, isNew] =
        m_nodeOf.try_emplace({tree, rank}, static_cast<uint32_t>(m_nodes.size()));
    if (isNew)
    {
        m_nodes.push_back({kNobody, {}});
    }
    return entry->second;
}

void
TreePipeline::Add(const Edge& edge)
{
    const uint32_t child = NodeOf(edge.tree, edge.child);
    const uint32_t parent = NodeOf(edge.tree, edge.parent);
    const auto id = static_cast<uint32_t>(m_edges.size());
    m_nodes[child].parent = id;
    m_nodes[parent].children.push_back(id);
    m_ends.emplace_back(child, parent);
    m_edges.push_back(edge);
}

void
TreePipeline::Clear()
{
    *this = {};
}

double
TreePipeline::BusiestTime() const
{
    return Busiest(true);
}

/// Port's time, for all chunks or for one of each tree; ps.
double
TreePipeline::Busiest(bool all) const
{
    std::map<std::pair<bool, uint32_t>, double> times; // by (out, port)
    double most = 0;
    for (const Edge& edge : m_edges)
    {
        const double chunks = all ? static_cast<double>(edge.chunks) : 1;
        for (const Way* way : {&edge.up, &edge.down})
        {
            most = std::max(most, times[{true, way->out}] += chunks * way->message);
            for (const Port& in : way->ins)
            {
                most = std::max(most, times[{false, in.id}] += chunks * in.share * way->message);
            }
        }
    }
    return most;
}

double
TreePipeline::Time(bool acknowledged) const
{
    uint64_t chunks = 0;
    for (const Edge& edge : m_edges)
    {
        chunks = std::max(chunks, edge.chunks);
    }
    const uint64_t fit = kMostMessages / std::max<uint64_t>(1, 2 * m_edges.size());
    const uint64_t played = std::min(chunks, std::max<uint64_t>(2, fit));
    return TreeRun(*this, played).Run(acknowledged) +
           static_cast<double>(chunks - played) * Busiest(false);
}

} // namespace heddle::training
