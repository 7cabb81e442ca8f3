import unittest

from kit.strings import reverse


class ReverseTest(unittest.TestCase):
    def test_turns_around(self):
        self.assertEqual(reverse('abc'), 'cba')
