#pragma once

#include <stdexcept>
#include <string>

namespace qhn {

/// Something the user can mend: a bad file, key, option or value. `main` prints it as one line and
/// exits with 2.
class InputError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Everything else that ends a run (disk full, a library's failure): exit code 1.
class RunError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace qhn
