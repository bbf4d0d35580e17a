#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "../record/temporary_folder.hpp"

namespace qhn {

/// Whether the sanitizers check the program: everything takes ten times as long, and tests that
/// need time give it less to do.
#ifdef QHN_SANITIZED
inline constexpr bool sanitized = true;
#else
inline constexpr bool sanitized = false;
#endif

/// Where Open MPI keeps the files of the runs that these tests start, several at once. A run that
/// ends removes the folder of the user and host if no other run is in it, and one that begins just
/// then fails. A folder in it keeps it.
class SessionFolder {
 public:
  SessionFolder() {
    path_ = (std::filesystem::temp_directory_path() / "qhn-mpi-XXXXXX").string();
    if (::mkdtemp(path_.data()) == nullptr) std::abort();
    ::setenv("OMPI_MCA_orte_tmpdir_base", path_.c_str(), 1);
    std::array<char, 256> host{};
    ::gethostname(host.data(), host.size() - 1);
    const std::string user = std::to_string(::geteuid());
    std::filesystem::create_directories(path_ + "/ompi." + host.data() + "." + user + "/keep");
  }
  ~SessionFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  SessionFolder(const SessionFolder&) = delete;
  SessionFolder& operator=(const SessionFolder&) = delete;

 private:
  std::string path_;
};
inline SessionFolder session_folder;

struct ProgramRun {
  int exit_code = -1;
  std::string out;
  std::string err;
};

/// Runs the program under test (compile definition QHN_PROGRAM) inside `folder` and waits for it.
/// `launcher` stands before it: variables, mpirun, timeout.
inline ProgramRun run_qhn(const TemporaryFolder& folder, const std::string& arguments,
                          const std::string& launcher = "") {
  // Open MPI gives ranks a second after SIGTERM where one has failed; scripts that send signals
  // have it.
  const std::string at_once =
      launcher.find("mpi") != std::string::npos ? "OMPI_MCA_odls_base_sigkill_timeout=0 " : "";
  const std::string errors = folder / ".stderr";
  const std::string command = "cd '" + (folder / "") + "' && " + at_once + launcher +
                              " '" QHN_PROGRAM "' " + arguments + " 2>'" + errors + "'";
  ProgramRun run;
  FILE* pipe = ::popen(command.c_str(), "r");
  std::array<char, 4096> buffer;
  while (const std::size_t n = std::fread(buffer.data(), 1, buffer.size(), pipe))
    run.out.append(buffer.data(), n);
  const int status = ::pclose(pipe);
  run.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  std::ifstream file(errors);
  run.err.assign(std::istreambuf_iterator<char>(file), {});
  return run;
}

}  // namespace qhn
