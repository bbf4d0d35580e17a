#include "campaign/output_folder.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

#include "core/error.hpp"
#include "record/atomic_file.hpp"
#include "record/claims.hpp"

namespace qhn {
namespace {

namespace fs = std::filesystem;

// Creates the folder and, for a moment, a file in it. Returns 0 or errno.
int try_to_write(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) return error.value();
  const fs::path probe = folder / (this_process({}).run + ".probe");
  const int fd = create_new_file(probe.string(), 0666);
  if (fd < 0) return errno;
  const int reason = ::write(fd, "\n", 1) == 1 ? 0 : errno;
  ::close(fd);
  fs::remove(probe, error);
  return reason;
}

}  // namespace

OutputFolder::OutputFolder(const fs::path& path) {
  const fs::path journals = path / "journal";
  std::error_code error;  // after an error the probe below fails too
  // Another run may start its campaign here at this moment: look for the parts of a campaign after
  // the test for an empty folder. It may also remove them between the two tests: test twice.
  const auto usable = [&] {
    return !fs::exists(path, error) ||
           (fs::is_directory(path, error) && fs::is_empty(path, error)) ||
           fs::is_directory(journals, error) || fs::exists(path / "campaign.h5", error) ||
           fs::exists(path / "campaign.identity", error);
  };
  if (!usable() && !usable())
    throw InputError(
        fmt::format("{}: is not empty and holds no campaign (no journals, no campaign.h5); "
                    "allowed: a new or empty folder, or that of the same campaign (--out DIR)",
                    path.string()));
  for (fs::path p = journals; !p.empty() && !fs::exists(p, error); p = p.parent_path())
    created_.push_back(p);
  int reason = try_to_write(journals);
  for (int turn = 0; reason == ENOENT && turn < 5; ++turn) {  // another run has removed it
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    reason = try_to_write(journals);
  }
  if (reason != 0) {
    remove_empty();
    throw InputError(
        fmt::format("{}: cannot be written to ({}); allowed: --out DIR with a writable folder",
                    path.string(), std::strerror(reason)));
  }
  created_.insert(created_.begin(), path / "claims");
}

OutputFolder::~OutputFolder() { remove_empty(); }

void OutputFolder::remove_empty() const {
  std::error_code error;
  for (const fs::path& p : created_)
    if (fs::is_empty(p, error)) fs::remove(p, error);
}

Announcements::Announcements(const std::string& path, const std::string& point)
    : path_(path),
      before_(point.empty() ? point : point + ' '),
      // O_NONBLOCK: a FIFO without a reader would block the run.
      fd_(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK, 0666)) {
  if (fd_ < 0 && errno == ENXIO)
    throw InputError(fmt::format(
        "--announce {}: is a FIFO without a reader; allowed: one with a reader, or a file", path));
  if (fd_ >= 0) ::fcntl(fd_, F_SETFL, ::fcntl(fd_, F_GETFL) & ~O_NONBLOCK);
  if (fd_ < 0)
    throw InputError(fmt::format("--announce {}: cannot write: {}", path, std::strerror(errno)));
}

Announcements::~Announcements() { ::close(fd_); }

void Announcements::tell(const std::vector<FinishedRestart>& finished) const {
  std::string lines;
  for (const FinishedRestart& restart : finished)
    lines += fmt::format("{}{}\n", before_, restart.id);
  if (::write(fd_, lines.data(), lines.size()) != static_cast<ssize_t>(lines.size()))
    throw RunError(fmt::format("--announce {}: cannot write: {}", path_, std::strerror(errno)));
}

}  // namespace qhn
