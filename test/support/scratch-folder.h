// SPDX-License-Identifier: GPL-2.0-only
//
// File: scratch-folder.h
// ----------------------
// Where tests write: a folder of its own under the system's temporary one, gone when the object is.
//
//   const ScratchFolder scratch;
//   Load(scratch.Write("scenario.textproto", text));
//
// The same test may run in several builds at once; no two objects share a folder.

#ifndef HEDDLE_TEST_SCRATCH_FOLDER_H
#define HEDDLE_TEST_SCRATCH_FOLDER_H

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

namespace heddle
{

class ScratchFolder
{
  public:
    ScratchFolder()
    {
        std::string pattern = (std::filesystem::temp_directory_path() / "heddle-XXXXXX").string();
        if (mkdtemp(pattern.data()) == nullptr)
        {
            throw std::runtime_error("cannot make a folder like " + pattern);
        }
        m_path = pattern;
    }

    ~ScratchFolder()
    {
        std::error_code ignored;
        std::filesystem::remove_all(m_path, ignored);
    }

    ScratchFolder(const ScratchFolder&) = delete;
    ScratchFolder& operator=(const ScratchFolder&) = delete;

    const std::filesystem::path& path() const
    {
        return m_path;
    }

    /// The path of a file or folder in it, whether it is there or not.
    std::string File(const std::string& name) const
    {
        return (m_path / name).string();
    }

    /// Writes a file as it is, byte for byte; its path.
    std::string Write(const std::string& name, const std::string& text) const
    {
        std::ofstream(m_path / name, std::ios::binary) << text;
        return File(name);
    }

  private:
    std::filesystem::path m_path;
};

} // namespace heddle

#endif
