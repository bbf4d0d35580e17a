#pragma once

namespace qhn {

/// What a gap is measured from.
struct Reference {
  enum class Kind {
    enumerated,  ///< E_min, the least of all 2^N costs
    target       ///< problem.target: a loss that counts as solved
  };
  Kind kind = Kind::enumerated;
  double cost = 0.0;
};

/// "enumerated", "target".
inline const char* to_string(Reference::Kind kind) {
  return kind == Reference::Kind::enumerated ? "enumerated" : "target";
}

}  // namespace qhn
