// SPDX-License-Identifier: GPL-2.0-only
#include "ns3/training-result.h"

#include "ns3/base-errors.h"

#include <algorithm>
#include <numeric>

namespace heddle::training
{

namespace
{

std::vector<Blame>
Sorted(const std::unordered_map<uint64_t, Tick>& places)
{
    std::vector<Blame> blames;
    blames.reserve(places.size());
    for (const auto& [key, time] : places)
    {
        blames.push_back({static_cast<uint8_t>(key >> 32), static_cast<uint32_t>(key), time});
    }
    std::sort(blames.begin(),
              blames.end(),
              [](const Blame& a, const Blame& b)
              {
                  return std::make_tuple(-a.time, a.account, a.place) <
                         std::make_tuple(-b.time, b.account, b.place);
              });
    return blames;
}

} // namespace

ResultBuilder::ResultBuilder(const Engine& job) : m_job(job), m_walk(job.m_stores, job.m_scaleOut)
{
}

JobResult
ResultBuilder::Build()
{
    FindLast();
    m_result.stepTime = m_end - m_job.m_start;
    BuildCollectives();
    m_result.ranks.resize(m_job.m_graph.ranks());
    for (Rank r = 0; r < m_job.m_graph.ranks(); ++r)
    {
        BuildRank(r);
    }
    BuildCriticalPath();
    CollectMessages();
    for (CollectiveRecord& record : m_result.collectives)
    {
        for (Tick* time : {&record.firstArrival, &record.lastArrival, &record.finished})
        {
            *time -= m_job.m_start;
        }
    }
    return std::move(m_result);
}

/// The task that ends last; among equals the lowest number.
void
ResultBuilder::FindLast()
{
    m_end = m_job.m_start;
    for (TaskId t = 0; t < m_job.m_tasks.size(); ++t)
    {
        if (m_lastTask == kNone || m_job.m_tasks[t].end > m_end)
        {
            m_lastTask = t;
            m_end = m_job.m_tasks[t].end;
        }
    }
}

void
ResultBuilder::BuildCollectives()
{
    const auto& tasks = m_job.m_graph.tasks();
    for (const Meeting& meeting : m_job.m_plan.meetings())
    {
        const TaskId* members = m_job.m_plan.meetingTasks(meeting);
        const Task& task = tasks[members[0]];
        CollectiveRecord record{};
        record.label = task.label;
        record.kind = task.collective;
        record.pointToPoint = meeting.comm == kNone;
        record.comm = meeting.comm;
        record.sequence = meeting.sequence;
        record.members = meeting.members;
        record.firstArrival = kForever;
        record.lastArrival = -1;
        for (uint32_t m = 0; m < meeting.members; ++m)
        {
            const TaskState& state = m_job.m_tasks[members[m]];
            record.bytes = std::max(record.bytes, tasks[members[m]].bytes);
            record.firstArrival = std::min(record.firstArrival, state.start);
            record.finished = std::max(record.finished, state.end);
            if (state.start > record.lastArrival)
            {
                record.lastArrival = state.start;
                record.lastRank = tasks[members[m]].rank;
            }
        }
        record.busBandwidth = BusBandwidth(record);
        m_result.collectives.push_back(record);
    }
}

void
ResultBuilder::BuildRank(Rank rank)
{
    const RankState& state = m_job.m_ranks[rank];
    m_ledger = &m_result.ranks[rank];
    m_rootPlaces.clear();
    m_proximatePlaces.clear();
    m_ledger->busyNominal = state.busyNominal;
    m_ledger->busyJitter = state.busyJitter;
    m_ledger->busyInterference = state.busyInterference;
    BookHost(rank);
    Tick cursor = m_job.m_start;
    ActivityRef lastKernel;
    TaskId lastLocal = kNone;
    for (TaskId t : m_job.m_graph.program(rank))
    {
        const TaskState& task = m_job.m_tasks[t];
        if (lastLocal == kNone || task.end > m_job.m_tasks[lastLocal].end)
        {
            lastLocal = t;
        }
        if (m_job.m_graph.tasks()[t].kind != TaskKind::Compute)
        {
            continue;
        }
        BookWait(rank, {cursor, task.start, task.released, lastKernel, rank}, task.binding);
        cursor = task.end;
        lastKernel = task.finish;
    }
    if (m_lastTask != kNone)
    {
        const ActivityRef last = m_job.m_tasks[m_lastTask].finish;
        BookWait(rank, {cursor, m_end, last, lastKernel, rank, true}, lastLocal);
    }
    m_ledger->rootPlaces = Sorted(m_rootPlaces);
    m_ledger->proximatePlaces = Sorted(m_proximatePlaces);
    const RankLedger& l = *m_ledger;
    HEDDLE_CHECK(l.busy() + l.idle == m_result.stepTime, "busy and idle do not fill the step");
    HEDDLE_CHECK(std::accumulate(l.root.begin(), l.root.end(), Tick{0}) == l.idle,
                 "root causes do not sum to the idle time");
    HEDDLE_CHECK(std::accumulate(l.proximate.begin(), l.proximate.end(), Tick{0}) == l.idle,
                 "proximate causes do not sum to the idle time");
}

void
ResultBuilder::BookHost(Rank rank)
{
    const RankState& state = m_job.m_ranks[rank];
    m_ledger->idle += state.hostSoftware + state.hostJitter;
    Root(RootAccount::Software, rank, state.hostSoftware);
    Root(RootAccount::Jitter, rank, state.hostJitter);
    Proximate(ProximateAccount::Software, rank, state.hostSoftware + state.hostJitter);
}

void
ResultBuilder::BookWait(Rank rank, const Wait& wait, TaskId binding)
{
    if (wait.end <= wait.start)
    {
        return;
    }
    m_ledger->idle += wait.end - wait.start;
    m_walk.Book(wait,
                [this](RootAccount account, uint32_t place, Tick time)
                { Root(account, place, time); });
    BookProximate(rank, wait.start, wait.end, binding);
}

void
ResultBuilder::BookProximate(Rank rank, Tick start, Tick end, TaskId binding)
{
    const auto& states = m_job.m_tasks;
    const Tick localEnd = binding == kNone ? m_job.m_start : states[binding].end;
    Tick t = end;
    if (localEnd < end)
    {
        // All done here; the step is not over yet.
        const Rank last = m_job.m_graph.tasks()[m_lastTask].rank;
        t = std::max(start, localEnd);
        Proximate(ProximateAccount::SkewWait, last, end - t);
    }
    while (t > start)
    {
        HEDDLE_CHECK(binding != kNone && states[binding].end == t, "binding tasks leave a gap");
        HEDDLE_CHECK(m_job.m_graph.tasks()[binding].kind != TaskKind::Compute,
                     "waiting while computing");
        const Tick from = std::max(start, states[binding].start);
        BookTask(rank, binding, from, t);
        t = from;
        binding = states[binding].binding;
    }
}

/// The part [from, to) of a communication task of this rank.
void
ResultBuilder::BookTask(Rank rank, TaskId id, Tick from, Tick to)
{
    const Task& task = m_job.m_graph.tasks()[id];
    const TaskState& state = m_job.m_tasks[id];
    CollectiveRecord& record = m_result.collectives[m_job.m_plan.meetingOf(id)];
    record.idle += to - from;
    const auto overlap = [&](Tick a, Tick b)
    { return std::max<Tick>(0, std::min(b, to) - std::max(a, from)); };
    const Tick software = std::min(state.start + m_job.m_base, state.end);
    const bool eagerSend = task.kind == TaskKind::Send && m_job.m_slots == 0;
    const bool waits = record.lastRank != rank && !eagerSend;
    const Tick arrival = waits ? std::clamp(record.lastArrival, software, state.end) : software;
    const bool pipeline = m_job.IsPipeline(id);
    Proximate(ProximateAccount::Software, rank, overlap(state.start, software));
    Proximate(pipeline ? ProximateAccount::PipelineWait : ProximateAccount::SkewWait,
              record.lastRank,
              overlap(software, arrival));
    Proximate(state.scaleOut ? ProximateAccount::ExposedScaleOut : ProximateAccount::ExposedScaleUp,
              kNone,
              overlap(arrival, state.end));
}

void
ResultBuilder::Root(RootAccount account, uint32_t place, Tick time)
{
    if (time != 0)
    {
        m_ledger->root[static_cast<size_t>(account)] += time;
        m_rootPlaces[(static_cast<uint64_t>(account) << 32) | place] += time;
    }
}

void
ResultBuilder::Proximate(ProximateAccount account, uint32_t place, Tick time)
{
    if (time != 0)
    {
        m_ledger->proximate[static_cast<size_t>(account)] += time;
        m_proximatePlaces[(static_cast<uint64_t>(account) << 32) | place] += time;
    }
}

void
ResultBuilder::BuildCriticalPath()
{
    if (m_lastTask == kNone)
    {
        return;
    }
    m_walk.BookCriticalPath(m_job.m_start,
                            m_end,
                            m_job.m_tasks[m_lastTask].finish,
                            [this](RootAccount account, uint32_t, Tick time)
                            { m_result.criticalPath[static_cast<size_t>(account)] += time; });
}

void
ResultBuilder::CollectMessages()
{
    for (const auto& store : m_job.m_stores)
    {
        for (uint64_t i = 0; i < store->messages.size(); ++i)
        {
            const MessageActivity& m = store->messages[i];
            m_result.messageTimes.push_back(m.finished - m.posted);
            const uint8_t inClass = m_job.m_plan.connections()[m.connection].trafficClass;
            if (inClass != kConfiguredClass)
            {
                m_result.messageClasses.push_back(inClass);
            }
        }
    }
    for (const auto& context : m_job.m_contexts)
    {
        m_result.scaleOutMessages += context.scaleOutMessages;
        m_result.scaleOutBytes += context.scaleOutBytes;
        m_result.scaleUpBytes += context.scaleUpBytes;
    }
}

double
BusBandwidth(const CollectiveRecord& record)
{
    const Tick time = record.finished - record.lastArrival;
    if (time <= 0)
    {
        return 0;
    }
    const double n = record.members;
    double factor = 1;
    if (!record.pointToPoint)
    {
        switch (record.kind)
        {
        case CollectiveKind::AllReduce:
            factor = 2 * (n - 1) / n;
            break;
        case CollectiveKind::AllGather:
        case CollectiveKind::ReduceScatter:
        case CollectiveKind::AllToAll:
            factor = (n - 1) / n;
            break;
        case CollectiveKind::Broadcast:
            factor = n > 1 ? 1 : 0;
            break;
        }
    }
    return static_cast<double>(record.bytes) / ToSeconds(time) * factor;
}

} // namespace heddle::training
