#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace qhn {

/// Writes `bytes` under a temporary name beside `path`, syncs file and folder, renames: whoever
/// opens `path` sees the old content or the whole new one. Throws RunError with path and reason
/// (disk full, no such folder, …) and leaves no temporary file behind.
void write_atomically(const std::string& path, std::span<const std::byte> bytes);
void write_atomically(const std::string& path, const std::string& text);

/// Makes the name `path` itself survive a power cut. Some file systems cannot sync folders: no
/// error.
void sync_folder(const std::string& path);

}  // namespace qhn
