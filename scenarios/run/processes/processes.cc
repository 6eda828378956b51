// SPDX-License-Identifier: GPL-2.0-only
#include "run/processes/processes.h"

#include "ns3/base-errors.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>
#ifdef __linux__
#include <sys/prctl.h>
#endif

namespace heddle
{

namespace
{

volatile sig_atomic_t g_interrupted = 0;

void
OnInterrupt(int)
{
    g_interrupted = 1;
}

/// Catches SIGINT and SIGTERM while it lives.
class InterruptGuard
{
  public:
    InterruptGuard()
    {
        g_interrupted = 0;
        struct sigaction action
        {
        };

        action.sa_handler = &OnInterrupt; // no SA_RESTART: poll() must return
        sigaction(SIGINT, &action, &m_oldInt);
        sigaction(SIGTERM, &action, &m_oldTerm);
    }

    InterruptGuard(const InterruptGuard&) = delete;
    InterruptGuard& operator=(const InterruptGuard&) = delete;

    ~InterruptGuard()
    {
        sigaction(SIGINT, &m_oldInt, nullptr);
        sigaction(SIGTERM, &m_oldTerm, nullptr);
    }

  private:
    struct sigaction m_oldInt
    {
    };

    struct sigaction m_oldTerm
    {
    };
};

/// An open temporary file without a name.
int
NamelessFile()
{
    FILE* file = std::tmpfile();
    if (!file)
    {
        throw RunError(std::string("no temporary file: ") + std::strerror(errno));
    }
    const int descriptor = dup(fileno(file));
    std::fclose(file);
    return descriptor;
}

void
WriteAll(int descriptor, const std::string& text)
{
    size_t written = 0;
    while (written < text.size())
    {
        const ssize_t n = write(descriptor, text.data() + written, text.size() - written);
        if (n < 0 && errno != EINTR)
        {
            std::fprintf(stderr, "heddle: a result cannot be stored: %s\n", std::strerror(errno));
            _exit(1);
        }
        written += n > 0 ? static_cast<size_t>(n) : 0;
    }
}

std::string
ReadAll(int descriptor)
{
    std::string text;
    lseek(descriptor, 0, SEEK_SET);
    char buffer[65536];
    for (ssize_t n; (n = read(descriptor, buffer, sizeof buffer)) > 0;)
    {
        text.append(buffer, static_cast<size_t>(n));
    }
    return text;
}

/// What the child does; never returns.
[[noreturn]] void
RunChild(const ProcessPool::Work& work, int progressPipe, int resultFile, pid_t parent)
{
    std::signal(SIGINT, SIG_DFL);
    std::signal(SIGTERM, SIG_DFL);
    std::signal(SIGPIPE, SIG_IGN);
#ifdef __linux__
    prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
    if (getppid() != parent)
    {
        _exit(1);
    }
    const std::string output = work(
        [progressPipe](double done)
        {
            // Smaller than PIPE_BUF: whole or not at all; a full pipe is not waited for.
            const ssize_t ignored = write(progressPipe, &done, sizeof done);
            (void)ignored;
        });
    WriteAll(resultFile, output);
    std::fflush(nullptr);
    _exit(0);
}

} // namespace

ProcessPool::ProcessPool(unsigned atOnce) : m_atOnce(std::max(1U, atOnce))
{
}

ProcessPool::~ProcessPool()
{
    KillAll();
}

size_t
ProcessPool::Add(const std::string& name, double weight, Work work)
{
    JobState job;
    job.name = name;
    job.weight = weight;
    job.work = std::move(work);
    m_jobs.push_back(std::move(job));
    return m_jobs.size() - 1;
}

void
ProcessPool::Start(JobState& job)
{
    int pipes[2];
    if (pipe2(pipes, O_CLOEXEC | O_NONBLOCK) != 0)
    {
        throw RunError(std::string("no pipe: ") + std::strerror(errno));
    }
    job.resultFile = NamelessFile();
    job.progressPipe = pipes[0];
    const pid_t parent = getpid();
    std::fflush(nullptr);
    job.pid = fork();
    if (job.pid < 0)
    {
        job.pid = 0;
        throw RunError(std::string("no process: ") + std::strerror(errno));
    }
    if (job.pid == 0)
    {
        RunChild(job.work, pipes[1], job.resultFile, parent);
    }
    close(pipes[1]);
}

void
ProcessPool::ReadProgress(JobState& job)
{
    double done[64];
    for (;;)
    {
        const ssize_t n = read(job.progressPipe, done, sizeof done);
        if (n >= static_cast<ssize_t>(sizeof done[0]))
        {
            job.done = done[static_cast<size_t>(n) / sizeof done[0] - 1];
            continue;
        }
        if (n == 0)
        {
            Collect(job); // the child has closed its end
        }
        return;
    }
}

void
ProcessPool::Collect(JobState& job)
{
    int status = 0;
    while (waitpid(job.pid, &status, 0) < 0 && errno == EINTR)
    {
    }
    job.pid = 0;
    job.ended = true;
    job.done = 1;
    job.output = ReadAll(job.resultFile);
    close(job.progressPipe);
    close(job.resultFile);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
    {
        throw RunError("the process of '" + job.name + "' " +
                       (WIFSIGNALED(status)
                            ? std::string("was ended by signal ") + strsignal(WTERMSIG(status)) +
                                  (WTERMSIG(status) == SIGKILL ? " (out of memory?)" : "")
                            : "failed") +
                       ".");
    }
}

void
ProcessPool::KillAll()
{
    for (JobState& job : m_jobs)
    {
        if (job.pid > 0)
        {
            kill(job.pid, SIGKILL);
            while (waitpid(job.pid, nullptr, 0) < 0 && errno == EINTR)
            {
            }
            job.pid = 0;
            close(job.progressPipe);
            close(job.resultFile);
        }
    }
}

void
ProcessPool::Report(const PoolProgressFn& onProgress) const
{
    double done = 0;
    double all = 0;
    std::vector<std::string> running;
    for (const JobState& job : m_jobs)
    {
        done += job.done * job.weight;
        all += job.weight;
        if (job.pid > 0)
        {
            running.push_back(job.name);
        }
    }
    onProgress(all > 0 ? done / all : 1, running);
}

void
ProcessPool::Wait(const PoolProgressFn& onProgress)
{
    std::vector<pollfd> polls;
    std::vector<JobState*> jobs;
    for (JobState& job : m_jobs)
    {
        if (job.pid > 0)
        {
            polls.push_back({job.progressPipe, POLLIN, 0});
            jobs.push_back(&job);
        }
    }
    constexpr int kMilliseconds = 200;
    if (poll(polls.data(), polls.size(), kMilliseconds) > 0)
    {
        for (size_t i = 0; i < polls.size(); ++i)
        {
            if (polls[i].revents != 0)
            {
                ReadProgress(*jobs[i]);
            }
        }
    }
    Report(onProgress);
}

bool
ProcessPool::Run(const PoolProgressFn& onProgress,
                 const std::function<bool(const std::string&)>& isFailure)
{
    const InterruptGuard guard;
    std::vector<size_t> order(m_jobs.size());
    for (size_t i = 0; i < order.size(); ++i)
    {
        order[i] = i;
    }
    std::stable_sort(order.begin(),
                     order.end(),
                     [&](size_t a, size_t b) { return m_jobs[a].weight > m_jobs[b].weight; });
    size_t next = 0;
    for (;;)
    {
        unsigned running = 0;
        for (JobState& job : m_jobs)
        {
            running += job.pid > 0;
            if (job.ended && !std::exchange(job.judged, true) && isFailure(job.output))
            {
                KillAll();
                return true;
            }
        }
        if (g_interrupted)
        {
            KillAll();
            return false;
        }
        while (running < m_atOnce && next < order.size())
        {
            Start(m_jobs[order[next++]]);
            ++running;
        }
        if (running == 0)
        {
            return true;
        }
        Wait(onProgress);
    }
}

} // namespace heddle
