// SPDX-License-Identifier: BSD-3-Clause
#include "ns3/base-thread-team.h"

#include "ns3/base-errors.h"

namespace heddle
{

namespace
{

/// Some 10 µs: longer than the unevenness of most windows, shorter than a time slice.
constexpr unsigned kSpins = 400;
/// Then for so many turns (some 0.1 ms) others are let go first, before sleep and its wake-up,
/// which is dear in a virtual machine, are paid.
constexpr unsigned kYields = 400;

inline void
Relax()
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#endif
}

} // namespace

ThreadTeam::ThreadTeam(unsigned size)
    : m_spins(size > std::thread::hardware_concurrency() ? 0 : kSpins)
{
    HEDDLE_CHECK(size >= 1, "a team has at least one member");
    m_threads.reserve(size - 1);
    for (unsigned member = 1; member < size; ++member)
    {
        m_threads.emplace_back([this, member] { Serve(member); });
    }
}

ThreadTeam::~ThreadTeam()
{
    Run(nullptr, nullptr);
    for (std::thread& thread : m_threads)
    {
        thread.join();
    }
}

void
ThreadTeam::Run(Work work, void* self)
{
    m_work = work;
    m_self = self;
    m_busy.store(size() - 1, std::memory_order_relaxed);
    // Sequentially consistent, as are both sleepers' sides: either one sees the change, or who
    // makes it sees the sleeper.
    m_round.fetch_add(1);
    if (m_asleep.load() > 0)
    {
        const std::lock_guard<std::mutex> lock(m_mutex);
        m_wake.notify_all();
    }
    if (work != nullptr)
    {
        work(self, 0);
    }
    AwaitOthers();
}

void
ThreadTeam::AwaitOthers()
{
    for (unsigned turn = 0; turn < m_spins + kYields; ++turn)
    {
        if (m_busy.load(std::memory_order_acquire) == 0)
        {
            return;
        }
        turn < m_spins ? Relax() : std::this_thread::yield();
    }
    std::unique_lock<std::mutex> lock(m_mutex);
    m_callerAsleep.store(true);
    m_done.wait(lock, [this] { return m_busy.load() == 0; });
    m_callerAsleep.store(false);
}

uint32_t
ThreadTeam::AwaitRound(uint32_t seen)
{
    for (unsigned turn = 0; turn < m_spins + kYields; ++turn)
    {
        const uint32_t round = m_round.load(std::memory_order_acquire);
        if (round != seen)
        {
            return round;
        }
        turn < m_spins ? Relax() : std::this_thread::yield();
    }
    std::unique_lock<std::mutex> lock(m_mutex);
    ++m_asleep;
    m_wake.wait(lock, [&] { return m_round.load() != seen; });
    --m_asleep;
    return m_round.load();
}

void
ThreadTeam::Serve(unsigned member)
{
    for (uint32_t round = 0;;)
    {
        round = AwaitRound(round);
        const Work work = m_work;
        if (work != nullptr)
        {
            work(m_self, member);
        }
        if (m_busy.fetch_sub(1) == 1 && m_callerAsleep.load())
        {
            const std::lock_guard<std::mutex> lock(m_mutex);
            m_done.notify_one();
        }
        if (work == nullptr)
        {
            return;
        }
    }
}

} // namespace heddle
