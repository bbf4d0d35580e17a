#include "core/quantities.hpp"

#include <fmt/format.h>

namespace qhn {

std::string duration(double seconds) {
  if (seconds < 1e-3) return fmt::format("{:.3g} µs", 1e6 * seconds);
  if (seconds < 1.0) return fmt::format("{:.3g} ms", 1e3 * seconds);
  if (seconds < 600.0) return fmt::format("{:.3g} s", seconds);
  if (seconds < 36000.0) return fmt::format("{:.3g} min", seconds / 60.0);
  return fmt::format("{:.4g} h", seconds / 3600.0);
}

std::string in_bytes(double bytes) {
  static constexpr const char* units[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  int unit = -1;
  double scaled = bytes;
  while (scaled >= 1024.0 && unit < 5) {
    scaled /= 1024.0;
    ++unit;
  }
  if (unit < 0) return fmt::format("{:.0f} bytes", bytes);
  return fmt::format("{:.0f} bytes ({:.4g} {})", bytes, scaled, units[unit]);
}

}  // namespace qhn
