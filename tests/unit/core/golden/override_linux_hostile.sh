p='/srv/it'\''s $(reboot); `x` "y" *'
d="${p%/*}"
if [ -e "$p" ] || [ -L "$p" ]; then a=PRESENT
elif [ -d "${d:-/}" ] && [ -x "${d:-/}" ]; then a=ABSENT
else a=NOPARENT; fi
printf '%s\n' "EC2SCHED-OVERRIDE 00112233445566778899aabbccddeeff $a"
exit 0
