/* Node has no ioctl: unlocks the slave of the pty master it is given as descriptor 3, and prints the slave's number. */
#include <stdio.h>
#include <sys/ioctl.h>

int main(void) {
  int locked = 0, number = 0;
  if (ioctl(3, TIOCSPTLCK, &locked) != 0 || ioctl(3, TIOCGPTN, &number) != 0) {
    perror("pty-unlock");
    return 1;
  }
  printf("%d\n", number);
  return 0;
}
