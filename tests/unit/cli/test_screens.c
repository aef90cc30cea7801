/* Whole screens and documents, as a person or a program gets them. */
#include "fake_source.h"
#include "tests/unit/introspect/analyses/fake_heap.h"

#include "cli/screen.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>
#include <string.h>

Test(screens, top) {
    expect("top 4711", "manage.py runserver   pid 4711 (12 inside)   CPython 3.11.2   pause 84 ms\n"
                       "RSS 3.8M = Python objects 1.0M (26%) + free in pymalloc 293K\n"
                       "    + other anonymous 635K + files 1.8M + rest 98K\n"
                       "\n"
                       "TYPE                                OBJECTS  FOOTPRINT  SHARE\n"
                       "str                                       4       1.0M   100%\n"
                       "dict                                      3        576    <1%\n"
                       "shop.models.Order @ 0x7f0000001000        2        128    <1%\n"
                       "shop.models.Order @ 0x7f0000002000        1         64    <1%\n"
                       "shop.views.Order                          1         64    <1%\n"
                       "\n"
                       "11 objects: 5 tracked by gc, 4 reached, 2 held only from C\n"
                       "2 of them can't be reached from any root: garbage, or held from C\n"
                       "damage: none\n");
}

Test(screens, top_json) {
    expect("top 4711 --json -n 1",
           "{\"schema\": \"heapglass.top/1\",\n"
           " \"source\": {\"kind\": \"pid\", \"pid\": 4711, \"inner_pid\": 12, \"command\": "
           "\"/usr/bin/python3.11 -u /srv/shop/manage.py runserver\", \"python\": \"3.11.2\", "
           "\"layout\": \"dwarf (cached)\", \"guessed_types\": [], \"pause\": \"copy\", "
           "\"pause_ms\": 84.300, "
           "\"captured_bytes\": 104857600, \"behind_bytes\": 0, \"threads\": 3, \"approximate\": "
           "false, \"collecting\": false, \"was_stopped\": false, \"rss_bytes\": 4000000, "
           "\"uss_bytes\": 3900000, \"swap_bytes\": 0, \"cgroup\": {\"current\": 5000000, \"max\": "
           "null}, \"taken_at\": \"2026-01-31T12:00:00Z\"},\n"
           " \"damage\": [],\n"
           " \"memory\": {\"rss\": 4000000, \"objects\": 1049472, \"pymalloc_free\": 300000, "
           "\"other_anonymous\": 650528, \"files\": 1900000, \"rest\": 100000},\n"
           " \"totals\": {\"objects\": 11, \"size\": 1000922, \"footprint\": 1049536, \"found\": "
           "{\"tracked\": 5, \"reachable\": 4, \"allocator\": 2, \"guessed\": 0}, \"unreachable\": "
           "2},\n"
           " \"pymalloc\": {\"arenas\": 0, \"arena_bytes\": 0, \"pools\": 0, \"blocks\": 0, "
           "\"block_bytes\": 0, \"claimed\": 0, \"claimed_bytes\": 0, \"parked\": 0, "
           "\"parked_bytes\": 0, \"unclaimed\": 0, \"unclaimed_bytes\": 0, \"double_claims\": 0, "
           "\"free_bytes\": 300000, \"objects\": 896, \"objects_outside\": 1048576},\n"
           " \"types\": [\n"
           "  {\"type\": \"str\", \"type_address\": \"0x1100\", \"objects\": 4, \"size\": 1000202, "
           "\"footprint\": 1048704, \"unreachable\": 1}]}\n");
}

Test(screens, top_csv) {
    expect("top 4711 --csv --sort objects", "type,type_address,objects,size,footprint,unreachable\n"
                                            "str,0x1100,4,1000202,1048704,1\n"
                                            "dict,0x1000,3,528,576,0\n"
                                            "shop.models.Order,0x7f0000001000,2,96,128,0\n"
                                            "shop.models.Order,0x7f0000002000,1,48,64,1\n"
                                            "shop.views.Order,0x7f0000003000,1,48,64,0\n");
}

Test(screens, objects) {
    expect("objects 4711 --sort size",
           "ADDRESS  TYPE               REFCOUNT  FOOTPRINT  VALUE\n"
           "0x2500   str                       1       1.0M  'xxxxxxxxxxxxxxxxxxxxxxxxxxxx'…\n"
           "0x2000   dict                      1        248  {2 items}\n"
           "0x2700   dict                      2        248  {1 item}\n"
           "0x2300   dict                      1         80  {}\n"
           "0x2600   str                       1         64  'abc'\n"
           "0x2100   str                       3         64  'ab'\n"
           "0x2140   str                immortal          0  'a'\n"
           "0x2200   shop.models.Order         2         64\n"
           "0x2240   shop.models.Order         1         64\n"
           "0x2400   shop.models.Order         1         64\n"
           "0x2800   shop.views.Order          1         64\n");
}

Test(screens, objects_json) {
    expect(
        "objects 4711 --json --refs --type shop.views.*",
        "{\"schema\": \"heapglass.objects/1\", \"source\": {\"kind\": \"pid\", \"pid\": 4711, "
        "\"inner_pid\": 12, \"command\": \"/usr/bin/python3.11 -u /srv/shop/manage.py runserver\", "
        "\"python\": \"3.11.2\", \"layout\": \"dwarf (cached)\", \"guessed_types\": [], \"pause\": "
        "\"copy\", "
        "\"pause_ms\": 84.300, \"captured_bytes\": 104857600, \"behind_bytes\": 0, \"threads\": 3, "
        "\"approximate\": false, \"collecting\": false, \"was_stopped\": false, \"rss_bytes\": "
        "4000000, \"uss_bytes\": 3900000, \"swap_bytes\": 0, \"cgroup\": {\"current\": 5000000, "
        "\"max\": null}, \"taken_at\": \"2026-01-31T12:00:00Z\"}, \"damage\": []}\n"
        "{\"address\": \"0x2800\", \"type\": \"shop.views.Order\", \"refcount\": 1, \"immortal\": "
        "false, \"gc\": \"none\", \"size\": 48, \"size_exact\": true, \"footprint\": 64, "
        "\"interpreter\": 0, \"reachable\": true, \"found\": \"allocator\", \"guessed\": true, "
        "\"refs\": [], \"weakrefs\": [], \"visits\": [], \"guesses\": []}\n");
}

Test(screens, object) {
    expect("object 4711 0x2200", "shop.models.Order at 0x2200\n"
                                 "size 48, footprint 64, gc: old\n"
                                 "refcount 2 = ['order'] of dict + 1 hidden\n"
                                 "\n"
                                 "HELD BY       TYPE               ADDRESS  VALUE\n"
                                 "['order']     dict               0x2000   {2 items}\n"
                                 ".peer (weak)  shop.models.Order  0x2240\n"
                                 "\n"
                                 "FIELD      TYPE  ADDRESS  VALUE\n"
                                 ".__dict__  dict  0x2700   {1 item}\n"
                                 ".name      str   0x2100   'ab'\n"
                                 ".title     str   0x2100   'ab'\n");
}

Test(screens, object_json) {
    expect(
        "object 4711 8704 --json",
        "{\"schema\": \"heapglass.object/1\",\n"
        " \"source\": {\"kind\": \"pid\", \"pid\": 4711, \"inner_pid\": 12, \"command\": "
        "\"/usr/bin/python3.11 -u /srv/shop/manage.py runserver\", \"python\": \"3.11.2\", "
        "\"layout\": \"dwarf (cached)\", \"guessed_types\": [], \"pause\": \"copy\", \"pause_ms\": "
        "84.300, "
        "\"captured_bytes\": 104857600, \"behind_bytes\": 0, \"threads\": 3, \"approximate\": "
        "false, \"collecting\": false, \"was_stopped\": false, \"rss_bytes\": 4000000, "
        "\"uss_bytes\": 3900000, \"swap_bytes\": 0, \"cgroup\": {\"current\": 5000000, \"max\": "
        "null}, \"taken_at\": \"2026-01-31T12:00:00Z\"},\n"
        " \"damage\": [],\n"
        " \"object\": {\"address\": \"0x2200\", \"type\": \"shop.models.Order\", \"refcount\": 2, "
        "\"immortal\": false, \"gc\": \"old\", \"size\": 48, \"size_exact\": true, \"footprint\": "
        "64, \"interpreter\": 0, \"reachable\": true, \"found\": \"tracked\", \"guessed\": false, "
        "\"value\": null, \"references_found\": 1, \"hidden\": 1, \"fields\": [\n"
        "  {\"name\": \".__dict__\", \"type\": \"dict\", \"address\": \"0x2700\", \"value\": \"{1 "
        "item}\", \"weak\": false, \"guessed\": false},\n"
        "  {\"name\": \".name\", \"type\": \"str\", \"address\": \"0x2100\", \"value\": \"'ab'\", "
        "\"weak\": false, \"guessed\": false},\n"
        "  {\"name\": \".title\", \"type\": \"str\", \"address\": \"0x2100\", \"value\": \"'ab'\", "
        "\"weak\": false, \"guessed\": false}], "
        "\"refcount_is\": \"['order'] of dict + 1 hidden\", \"held_by\": [\n"
        "  {\"via\": \"['order']\", \"type\": \"dict\", \"from\": \"0x2000\", \"weak\": false, "
        "\"guessed\": false},\n"
        "  {\"via\": \".peer\", \"type\": \"shop.models.Order\", \"from\": \"0x2240\", \"weak\": "
        "true, \"guessed\": false}], \"roots\": []}}\n");
}

/* Everything that makes an answer less than exact is said. */
static void spoil(void) {
    fake_info.capture.approximate = true;
    fake_info.capture.behind_bytes = 4ull << 30;
    fake_info.capture.was_stopped = true;
    fake_info.collecting = true;
    fake_info.inner_pid = 4711;
    fake_info.layout = "table 3.11.2";
    fake_info.command = "gunicorn: worker [shop]";
    fake_info.capture.memory.swap = 34 << 20;
    damage_add(&fake_shop.damage, "length", "dict", 0x7f0000001234);
    for (int i = 0; i < 1200; i++)
        damage_add(&fake_shop.damage, "absent", "object", 0x7f0000005678);
}

Test(screens, damage, .init = spoil) {
    expect("top 4711 -n 1",
           "gunicorn: worker [shop]   pid 4711   CPython 3.11.2   not paused\n"
           "RSS 3.8M = Python objects 1.0M (26%) + free in pymalloc 293K\n"
           "    + other anonymous 635K + files 1.8M + rest 98K (and 34M swapped out)\n"
           "\n"
           "TYPE  OBJECTS  FOOTPRINT  SHARE\n"
           "str         4       1.0M   100%\n"
           "4 more types, 832 (-n 0 shows all)\n"
           "\n"
           "11 objects: 5 tracked by gc, 4 reached, 2 held only from C\n"
           "2 of them can't be reached from any root: garbage, or held from C\n"
           "approximate: the process ran on while it was read (--pause none)\n"
           "a garbage collection was running: gc states are those of its middle\n"
           "the process was stopped already, and is left stopped\n"
           "not copied: 4.0G of big data without pointers\n"
           "damage: 1 × dict: length, first at 0x7f0000001234\n"
           "damage: 1,200 × object: absent, first at 0x7f0000005678\n");
}

Test(screens, damage_in_json, .init = spoil) {
    expect("top 4711 -n 1 --json",
           "{\"schema\": \"heapglass.top/1\",\n"
           " \"source\": {\"kind\": \"pid\", \"pid\": 4711, \"inner_pid\": 4711, \"command\": "
           "\"gunicorn: worker [shop]\", \"python\": \"3.11.2\", \"layout\": \"table 3.11.2\", "
           "\"guessed_types\": [], "
           "\"pause\": \"copy\", \"pause_ms\": 84.300, \"captured_bytes\": 104857600, "
           "\"behind_bytes\": 4294967296, \"threads\": 3, \"approximate\": true, \"collecting\": "
           "true, \"was_stopped\": true, \"rss_bytes\": 4000000, \"uss_bytes\": 3900000, "
           "\"swap_bytes\": 35651584, \"cgroup\": {\"current\": 5000000, \"max\": null}, "
           "\"taken_at\": \"2026-01-31T12:00:00Z\"},\n"
           " \"damage\": [{\"reason\": \"length\", \"where\": \"dict\", \"count\": 1, \"first\": "
           "\"0x7f0000001234\"}, {\"reason\": \"absent\", \"where\": \"object\", \"count\": 1200, "
           "\"first\": \"0x7f0000005678\"}],\n"
           " \"memory\": {\"rss\": 4000000, \"objects\": 1049472, \"pymalloc_free\": 300000, "
           "\"other_anonymous\": 650528, \"files\": 1900000, \"rest\": 100000},\n"
           " \"totals\": {\"objects\": 11, \"size\": 1000922, \"footprint\": 1049536, \"found\": "
           "{\"tracked\": 5, \"reachable\": 4, \"allocator\": 2, \"guessed\": 0}, \"unreachable\": "
           "2},\n"
           " \"pymalloc\": {\"arenas\": 0, \"arena_bytes\": 0, \"pools\": 0, \"blocks\": 0, "
           "\"block_bytes\": 0, \"claimed\": 0, \"claimed_bytes\": 0, \"parked\": 0, "
           "\"parked_bytes\": 0, \"unclaimed\": 0, \"unclaimed_bytes\": 0, \"double_claims\": 0, "
           "\"free_bytes\": 300000, \"objects\": 896, \"objects_outside\": 1048576},\n"
           " \"types\": [\n"
           "  {\"type\": \"str\", \"type_address\": \"0x1100\", \"objects\": 4, \"size\": 1000202, "
           "\"footprint\": 1048704, \"unreachable\": 1}]}\n");
}

Test(screens, no_objects) {
    expect("objects 4711 --type nothing*", "ADDRESS  TYPE  REFCOUNT  FOOTPRINT  VALUE\n"
                                           "(none)\n");
}

Test(screens, sorted_by_what_is_shown) {
    expect("top 4711 --sort unreachable -n 2",
           "manage.py runserver   pid 4711 (12 inside)   CPython 3.11.2   pause 84 ms\n"
           "RSS 3.8M = Python objects 1.0M (26%) + free in pymalloc 293K\n"
           "    + other anonymous 635K + files 1.8M + rest 98K\n"
           "\n"
           "TYPE                                OBJECTS  FOOTPRINT  UNREACHABLE  SHARE\n"
           "str                                       4       1.0M            1   100%\n"
           "shop.models.Order @ 0x7f0000002000        1         64            1    <1%\n"
           "3 more types, 768 (-n 0 shows all)\n"
           "\n"
           "11 objects: 5 tracked by gc, 4 reached, 2 held only from C\n"
           "2 of them can't be reached from any root: garbage, or held from C\n"
           "damage: none\n");
}
