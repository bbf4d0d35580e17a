#include "core/damaged_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>

#include "core/check_sum.hpp"
#include "core/child_process.hpp"
#include "core/error.hpp"

namespace qhn {

void refuse_damaged(const std::string& path,
                    const std::function<void(const std::function<void()>& go_on)>& read) {
  switch (check_sum(path)) {
    case CheckSum::right:
      return;
    case CheckSum::wrong:
      throw InputError(path + ": damaged: its check sum does not fit its content");
    case CheckSum::none:
      break;
  }
  const std::uint64_t bytes = std::filesystem::file_size(path);
  const double seconds = std::min(1 + 3e-6 * static_cast<double>(bytes), 60.0);
  try {
    try_in_child(read, {seconds, (std::uint64_t{1} << 30) + 2 * 1032 * bytes});
  } catch (const ChildDied& death) {
    throw InputError(fmt::format("{}: damaged: a trial read failed: {}", path, death.what()));
  }
}

}  // namespace qhn
