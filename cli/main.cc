#include "cli/program.h"

int main(int argc, char** argv) {
  return faultline::run_program(argc, argv);
}
