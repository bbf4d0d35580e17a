#pragma once

#include <string>

namespace qhn {

/// Bytes as text: "2048 bytes (2 KiB)".
std::string in_bytes(double bytes);
/// Seconds as text: "3.2 ms", "1.5 h".
std::string duration(double seconds);

}  // namespace qhn
