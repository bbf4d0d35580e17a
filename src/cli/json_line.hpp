#pragma once

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace qhn {

/// Prints `json` on one line of standard output. Bytes that are no UTF-8 are replaced.
inline void print_line(const nlohmann::ordered_json& json) {
  fmt::print("{}\n", json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

}  // namespace qhn
