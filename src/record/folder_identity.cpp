#include "record/folder_identity.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <span>
#include <thread>

#include "core/error.hpp"
#include "record/atomic_file.hpp"
#include "record/campaign_folder.hpp"
#include "record/identity.hpp"

namespace qhn {
namespace {

namespace fs = std::filesystem;

const std::string begin_mark =
    "# What makes this folder's campaign: qhn wrote it, leave it here.\n";
// The last line: without it the file is still being written.
const std::string end_mark = "# end\n";

std::string path_in(const std::string& folder) {
  return (fs::path(folder) / "campaign.identity").string();
}

std::string text_of(const std::string& identity) { return begin_mark + identity + end_mark; }

// The identity at `path`, once it is complete; empty: no file.
std::string read_whole(const std::string& path) {
  for (int turn = 0; turn < 50; ++turn) {
    struct stat info {};
    if (::stat(path.c_str(), &info) != 0) {
      if (errno == ENOENT) return "";
      throw RunError(fmt::format("{}: cannot read: {}", path, std::strerror(errno)));
    }
    if (!S_ISREG(info.st_mode) || info.st_size > (1 << 28))
      throw InputError(fmt::format("{}: is not a file that qhn wrote; move it away", path));
    std::ifstream file(path, std::ios::binary);
    std::string text{std::istreambuf_iterator<char>(file), {}};
    if (text.ends_with(end_mark)) {
      text.resize(text.size() - end_mark.size());
      return text.starts_with(begin_mark) ? text.substr(begin_mark.size()) : text;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  throw InputError(
      fmt::format("{}: is incomplete; remove it once no run works on the folder", path));
}

// Writes and closes a new file; removes it after an error.
void finish(int fd, const std::string& text, const std::string& path) {
  int reason = write_all(fd, std::as_bytes(std::span(text)));
  if (reason == 0 && ::fsync(fd) != 0) reason = errno;
  ::close(fd);
  if (reason == 0) return;
  ::unlink(path.c_str());
  throw RunError(fmt::format("{}: cannot write: {}", path, std::strerror(reason)));
}

// True: this call made `path`; false: it existed.
bool make_exclusively(const std::string& path, const std::string& text) {
  const std::string own = fmt::format("{}.tmp.{}", path, random_name());
  int fd = create_new_file(own, 0666);
  if (fd < 0) throw RunError(fmt::format("{}: cannot write: {}", own, std::strerror(errno)));
  finish(fd, text, own);
  // Over NFS the answer to link() may be lost: check the number of links.
  int reason = ::link(own.c_str(), path.c_str()) == 0 ? 0 : errno;
  struct stat info {};
  if (reason != 0 && ::stat(own.c_str(), &info) == 0 && info.st_nlink == 2) reason = 0;
  ::unlink(own.c_str());
  if (reason == EEXIST) return false;
  if (reason != 0) {  // no hard links here
    fd = create_new_file(path, 0666);
    if (fd < 0 && errno == EEXIST) return false;
    if (fd < 0) throw RunError(fmt::format("{}: cannot write: {}", path, std::strerror(errno)));
    finish(fd, text, path);
  }
  sync_folder(path);
  return true;
}

}  // namespace

std::string folder_identity(const std::string& folder, double seconds) {
  const std::string path = path_in(folder);
  std::string there = read_whole(path);
  for (double waited = 0.0; there.empty() && waited < seconds; waited += 0.05) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    there = read_whole(path);
  }
  return there;
}

void write_folder_identity(const std::string& folder, const std::string& identity) {
  write_atomically(path_in(folder), text_of(identity));
}

std::string another_campaign(const std::string& folder, const std::string& there,
                             const std::string& here) {
  return fmt::format(
      "{}: holds another campaign: {}; allowed: another folder for this one (--out DIR), or, to "
      "continue that one, {}",
      folder, identity_differences(there, here), identity_remedy(there, here));
}

FolderIdentity::FolderIdentity(const std::string& folder, const std::string& identity,
                               bool explained, const std::function<bool()>& deserted)
    : folder_(folder), path_(path_in(folder)), identity_(identity) {
  for (int turn = 0; turn < 10; ++turn) {
    if (make_exclusively(path_, text_of(identity_))) {
      made_ = !explained;
      return;
    }
    const std::string there = read_whole(path_);
    if (there.empty()) continue;  // removed meanwhile
    if (same_campaign(there, identity_)) return;
    if (explained) {
      write_folder_identity(folder_, identity_);
      return;
    }
    if (!deserted()) throw InputError(another_campaign(folder_, there, identity_));
    ::unlink(path_.c_str());
  }
  throw RunError(fmt::format("{}: other runs keep making and removing it", path_));
}

void FolderIdentity::confirm() const {
  const std::string there = read_whole(path_);
  if (there.empty()) {
    make_exclusively(path_, text_of(identity_));
    return confirm();
  }
  if (!same_campaign(there, identity_))
    throw InputError(another_campaign(folder_, there, identity_));
}

FolderIdentity::~FolderIdentity() {
  if (!made_) return;
  std::error_code error;
  int claims = 0;
  for (const auto& entry : fs::directory_iterator(fs::path(folder_) / "claims", error))
    claims += entry.path().extension() == ".claim" ? 1 : 0;
  const bool empty = journal_paths(folder_).empty() &&
                     !fs::exists(fs::path(folder_) / "campaign.h5", error) && claims <= 1;
  if (empty) ::unlink(path_.c_str());
}

}  // namespace qhn
