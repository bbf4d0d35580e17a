#pragma once

#include <memory>

#include "engine/engine.hpp"

namespace qhn {

/// `engine` with one wrong sign: what a broken kernel looks like, for the tests of the bench.
std::unique_ptr<Engine> falsify(std::unique_ptr<Engine> engine);

}  // namespace qhn
