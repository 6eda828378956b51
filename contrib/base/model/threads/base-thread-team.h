// SPDX-License-Identifier: BSD-3-Clause
//
// File: base-thread-team.h
// ------------------------
// A few threads that do the same piece of work together, again and again, with a short way in and
// out: the windows of the event core last some microseconds to milliseconds.
//
//   ThreadTeam team(4);                       // the caller and three more
//   team.Run([](void* self, unsigned member) { … }, this);   // member 0 is the caller
//
// Run() returns when every member has; what they wrote is then visible to the caller, and what the
// caller wrote before is visible to them. The work must not throw. Who waits spins for a moment,
// then gives its core to others, then sleeps; with more members than cores nobody spins.

#ifndef HEDDLE_BASE_THREAD_TEAM_H
#define HEDDLE_BASE_THREAD_TEAM_H

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>
#include <vector>

namespace heddle
{

class ThreadTeam
{
  public:
    using Work = void (*)(void* self, unsigned member);

    /// `size` counts the caller; at least 1.
    explicit ThreadTeam(unsigned size);
    ~ThreadTeam();
    ThreadTeam(const ThreadTeam&) = delete;
    ThreadTeam& operator=(const ThreadTeam&) = delete;

    unsigned size() const
    {
        return static_cast<unsigned>(m_threads.size()) + 1;
    }

    /// Always from the same thread.
    void Run(Work work, void* self);

  private:
    void Serve(unsigned member);
    uint32_t AwaitRound(uint32_t seen);
    void AwaitOthers();

    Work m_work = nullptr; ///< null: the end
    void* m_self = nullptr;
    unsigned m_spins;
    alignas(64) std::atomic<uint32_t> m_round{0};
    alignas(64) std::atomic<uint32_t> m_busy{0}; ///< members but the caller
    alignas(64) std::atomic<uint32_t> m_asleep{0};
    std::atomic<bool> m_callerAsleep{false};
    std::mutex m_mutex; ///< with the next two: for those asleep
    std::condition_variable m_wake;
    std::condition_variable m_done;
    std::vector<std::thread> m_threads;
};

} // namespace heddle

#endif
