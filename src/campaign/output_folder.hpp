#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "campaign/farm.hpp"

namespace qhn {

/// The output folder of a campaign: writable, and new, empty or already that of a campaign;
/// otherwise throws InputError. The destructor removes created folders that are still empty. Rank 0
/// only.
class OutputFolder {
 public:
  explicit OutputFolder(const std::filesystem::path& path);
  ~OutputFolder();
  OutputFolder(const OutputFolder&) = delete;
  OutputFolder& operator=(const OutputFolder&) = delete;

 private:
  void remove_empty() const;
  std::vector<std::filesystem::path> created_;  // innermost first
};

/// A file of the ids of finished restarts, one per line, each appended after its record was
/// written. In a sweep the name of the point and a blank stand before them.
class Announcements {
 public:
  /// `point`: empty outside of a sweep. Throws InputError.
  Announcements(const std::string& path, const std::string& point);
  ~Announcements();
  Announcements(const Announcements&) = delete;
  Announcements& operator=(const Announcements&) = delete;

  void tell(const std::vector<FinishedRestart>& finished) const;  ///< throws RunError

 private:
  std::string path_, before_;
  int fd_;
};

}  // namespace qhn
