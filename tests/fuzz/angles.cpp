// A file of angles. The first byte chooses the row, the number of angles and --ignore-extra.
#include "record/angles.hpp"

#include <cstdlib>
#include <sstream>

#include "input_file.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  std::istringstream text(std::string(data + 1, data + size));
  std::optional<std::size_t> row;
  if ((data[0] & 3U) > 0) row = (data[0] & 3U) - 1;
  const std::size_t expected = (data[0] >> 2 & 7U) + 1;
  qhn::may_refuse([&] {
    std::string remark;
    const auto angles = qhn::parse_angles(text, "a.txt", row, expected, data[0] >> 7 != 0, &remark);
    if (angles.size() != expected) std::abort();
  });
  return 0;
}
