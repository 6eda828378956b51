// SPDX-License-Identifier: GPL-2.0-only
#include "report/files/files.h"

#include "report/files/json.h"

#include "ns3/base-errors.h"

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <google/protobuf/message.h>
#include <unistd.h>
#include <vector>

namespace heddle
{

namespace
{

namespace fs = std::filesystem;

/// A file under a temporary name until Publish(); removed when that never comes.
class PendingFile
{
  public:
    PendingFile(const fs::path& path, const std::string& content)
        : m_path(path), m_pending(path.string() + ".writing." + std::to_string(getpid()))
    {
        std::ofstream out(m_pending, std::ios::binary);
        out.write(content.data(), static_cast<std::streamsize>(content.size()));
        out.close();
        if (!out)
        {
            std::error_code ignored;
            fs::remove(m_pending, ignored);
            throw RunError(path.string() + " cannot be written (disk full?).");
        }
    }

    PendingFile(const PendingFile&) = delete;
    PendingFile& operator=(const PendingFile&) = delete;

    ~PendingFile()
    {
        if (!m_published)
        {
            std::error_code ignored;
            fs::remove(m_pending, ignored);
        }
    }

    void Publish()
    {
        std::error_code error;
        fs::rename(m_pending, m_path, error);
        if (error)
        {
            throw RunError(m_path.string() + " cannot be written: " + error.message() + ".");
        }
        m_published = true;
    }

  private:
    fs::path m_path;
    fs::path m_pending;
    bool m_published = false;
};

} // namespace

void
PrepareDirectory(const std::string& directory)
{
    // The nearest directory that exists must let us write; nothing is made before there is a
    // result.
    std::error_code error;
    fs::path existing = fs::absolute(directory, error);
    while (!existing.empty() && !fs::exists(existing, error) && existing != existing.root_path())
    {
        existing = existing.parent_path();
    }
    if (!fs::is_directory(existing, error) || access(existing.c_str(), W_OK | X_OK) != 0)
    {
        throw InputError("--out " + directory + ": " + existing.string() +
                         " is no directory that can be written to.");
    }
}

void
WriteResult(const google::protobuf::Message& result, const std::string& directory)
{
    std::error_code error;
    fs::create_directories(directory, error);
    if (error)
    {
        throw RunError(directory + " cannot be made: " + error.message() + ".");
    }
    PendingFile binary(fs::path(directory) / "result.pb", result.SerializeAsString());
    PendingFile json(fs::path(directory) / "result.json", ToJson(result));
    binary.Publish();
    json.Publish();
}

void
WriteText(const std::string& path, const std::string& text)
{
    PendingFile file(path, text);
    file.Publish();
}

void
PrepareFile(const std::string& option, const std::string& path)
{
    std::error_code error;
    const fs::path directory = fs::absolute(path, error).parent_path();
    if (path.empty() || fs::is_directory(path, error) || !fs::is_directory(directory, error) ||
        access(directory.c_str(), W_OK | X_OK) != 0)
    {
        throw InputError(option + ": '" + path + "' is no file that can be written.");
    }
}

} // namespace heddle
