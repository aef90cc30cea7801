#include "report/command_line.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

Test(command_line, shortened) {
    static const char *const commands[][2] = {
        {"/usr/bin/python3.11 -u /srv/shop/manage.py runserver", "manage.py runserver"},
        {"python3 -m gunicorn shop.wsgi -w 4", "gunicorn shop.wsgi -w 4"},
        {"python3", "python3"},
        {"/usr/bin/python3", "python3"},
        {"python3 -X dev app.py", "-X dev app.py"},
        {"python3 -c import\\x0a\\x0atime", "-c import time"},
        {"/usr/sbin/uwsgi --ini /etc/app.ini", "uwsgi --ini app.ini"},
        {"gunicorn: worker [shop]", "gunicorn: worker [shop]"},
        {"ends in a slash/ /", "ends in a slash/ /"},
        {"", ""},
    };
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        struct strbuf shortened = {0};
        command_shorten(&shortened, commands[i][0]);
        cr_expect(eq(str, (char *)strbuf_text(&shortened), (char *)commands[i][1]));
        strbuf_free(&shortened);
    }
}

Test(command_line, quoted) {
    static const char *const words[][2] = {
        {"top", "top"},
        {"--sort=size", "--sort=size"},
        {"/srv/a_b-c,1.hgs", "/srv/a_b-c,1.hgs"},
        {"", "''"},
        {"shop.*", "'shop.*'"},
        {"a b", "'a b'"},
        {"~", "'~'"},
        {"it's", "'it'\\''s'"},
        {"$(x) `y` \"z\" \\", "'$(x) `y` \"z\" \\'"},
        {"two\nlines", "'two\nlines'"},
        {"Größe", "'Größe'"},
    };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        struct strbuf quoted = {0};
        shell_quote(&quoted, words[i][0]);
        cr_expect(eq(str, (char *)strbuf_text(&quoted), (char *)words[i][1]));
        strbuf_free(&quoted);
    }
}
