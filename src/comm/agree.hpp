#pragma once

#include <mpi.h>

#include <string>

namespace qhn {

/// `failure` is this rank's error message; empty: no error. If any rank has an error, every rank
/// throws the same RunError, with the message of the lowest such rank. `called`: this rank's number
/// in the message; -1: its rank in `comm`. Collective over `comm`.
void throw_agreed(MPI_Comm comm, const std::string& failure, int called = -1);

}  // namespace qhn
