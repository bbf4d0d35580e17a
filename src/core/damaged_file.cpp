#include "core/damaged_file.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <ctime>
#include <fstream>
#include <mutex>
#include <set>
#include <span>

#include "core/check_sum.hpp"
#include "core/child_process.hpp"
#include "core/error.hpp"

namespace qhn {
namespace {

// One version of a file: device, inode, size, time of the last change in seconds and nanoseconds.
using FileState = std::array<std::uint64_t, 5>;

FileState state_of(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0)
    throw RunError(fmt::format("{}: cannot be read: {}", path, std::strerror(errno)));
  return {info.st_dev, info.st_ino, static_cast<std::uint64_t>(info.st_size),
          static_cast<std::uint64_t>(info.st_mtim.tv_sec),
          static_cast<std::uint64_t>(info.st_mtim.tv_nsec)};
}

}  // namespace

std::uint64_t end_of_hdf5(const std::string& path) {
  std::array<unsigned char, 48> head{};
  std::ifstream file(path, std::ios::binary);
  if (!file.read(reinterpret_cast<char*>(head.data()), head.size())) return 0;
  constexpr std::size_t version = 8, size_of_offsets = 13, end = 40;
  if (head[version] != 0 || head[size_of_offsets] != 8) return 0;
  std::uint64_t address = 0;
  for (std::size_t byte = 0; byte < 8; ++byte)
    address |= std::uint64_t{head[end + byte]} << (8 * byte);
  return address;
}

void refuse_damaged(const std::string& path,
                    const std::function<void(const std::function<void()>& go_on)>& read) {
  static std::mutex mutex;
  static std::set<FileState> sound;
  const FileState state = state_of(path);
  const std::uint64_t bytes = state[2];
  const std::lock_guard lock(mutex);
  if (sound.contains(state)) return;
  const CheckSum sum = check_sum(path);
  if (sum == CheckSum::wrong)
    throw InputError(path + ": damaged: its check sum does not match its content");
  if (sum == CheckSum::none) {
    const std::size_t line = check_sum_line(std::span<const std::byte>()).size();
    if (end_of_hdf5(path) + line == bytes)
      throw InputError(path + ": damaged: its check sum is unreadable");
    const double seconds = std::min(4 + 3e-6 * static_cast<double>(bytes), 600.0);
    try {
      try_in_child(read, {seconds, (std::uint64_t{4} << 30) + 2064 * bytes});
    } catch (const ChildDied& death) {
      throw InputError(fmt::format("{}: damaged: a trial read failed: {}", path, death.what()));
    }
  }
  // A file written just now may be written again within one tick of the file system's clock.
  if (static_cast<std::uint64_t>(std::time(nullptr)) > state[3] + 10) sound.insert(state);
}

}  // namespace qhn
