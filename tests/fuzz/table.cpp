// A cost table: text, .npy or HDF5, as its first bytes say.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <vector>

#include "input_file.hpp"
#include "io/hdf5.hpp"
#include "problem/table_file.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // HDF5 keeps freed memory for itself, with what it holds.
  static const bool keeps_none = H5set_free_list_limits(0, 0, 0, 0, 0, 0) >= 0;
  if (!keeps_none) std::abort();
  static qhn::InputFile file;
  const std::string& path = file.write(data, size);
  qhn::may_refuse([&] {
    const qhn::TableFile table(path);
    std::vector<double> costs(std::min<qhn::Index>(table.size(), 1 << 12));
    table.read(0, costs);
    for (const double cost : costs)
      if (!std::isfinite(cost)) std::abort();
    table.read(table.size() - 1, std::span(costs).first(1));
  });
  return 0;
}
