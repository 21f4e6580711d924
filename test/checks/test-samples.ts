/** Tests as people write them, in the languages that are compared before and after a change. */

export const VITEST = `import { expect, it } from 'vitest';
import { total } from './cart';

it('adds prices', () => {
  expect(total([1, 2])).toBe(3);
  expect(total([])).toEqual(0);
});

it('refuses a negative price', () => {
  expect(() => total([-1])).toThrow('negative');
});
`;
export const NODE_TEST = `import test from 'node:test';
import assert from 'node:assert/strict';
test('adds', () => assert.equal(sum(1, 2), 3));
test('doubles', () => assert.deepEqual(twice([2]), [4]));
`;
export const PYTEST = `import pytest
from cart import total

def test_adds():
    assert total([1, 2]) == 3
    assert total([]) == 0

def test_refuses():
    with pytest.raises(ValueError, match="negative"):
        total([-1])
`;
export const UNITTEST = `class TestCart(unittest.TestCase):
    def test_adds(self):
        self.assertEqual(total([1, 2]), 3)
`;
export const GO = `package cart

func TestAdds(t *testing.T) {
	if got := Total(1, 2); got != 3 {
		t.Errorf("got %d", got)
	}
}

func TestEmpty(t *testing.T) {
	require.Equal(t, 0, Total())
}
`;
export const RUST = `pub fn total(prices: &[i32]) -> i32 { assert!(prices.len() < 100); prices.iter().sum() }

#[cfg(test)]
mod tests {
    use super::*;
    #[test]
    fn adds() { assert_eq!(total(&[1, 2]), 3); }

    #[test]
    #[should_panic(expected = "too many")]
    fn refuses() { total(&[0; 200]); }
}
`;
export const JAVA = `class CartTest {
  @Test
  void adds() {
    assertThat(total(1, 2)).isEqualTo(3);
  }

  @Test
  void refuses() {
    assertThrows(IllegalArgumentException.class, () -> total(-1));
  }
}
`;
export const RSPEC = `RSpec.describe Cart do
  it 'adds' do
    expect(total([1, 2])).to eq(3)
  end

  it 'refuses' do
    expect { total([-1]) }.to raise_error(ArgumentError, 'negative')
  end
end
`;
