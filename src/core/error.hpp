#pragma once

#include <stdexcept>
#include <string>

namespace qhn {

/// A user error: a bad file, key, option or value. `main` prints it as one line and exits with
/// code 2.
class InputError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Any other error that ends a run (disk full, failure of a library): exit code 1.
class RunError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace qhn
