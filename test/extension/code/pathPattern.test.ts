import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fits, hasHoles, pathPattern } from '../../../src/extension/code/pathPattern';

function fit(written: string, path: string): boolean {
  const pattern = pathPattern(written);
  return pattern !== null && fits(pattern, path);
}

describe('a path with holes', () => {
  it.each([
    ['runs/{name}/epoch-{epoch:03d}.pt', '/w/runs/resnet/epoch-030.pt'],
    ['runs/{name}/epoch-{epoch:03d}.pt', '/w/runs/resnet/epoch-1030.pt'],
    ['epoch-%03d.pt', '/w/epoch-030.pt'],
    ['${run}/best.pt', '/w/runs/resnet/best.pt'],
    ['{out_dir}/best.pt', '/w/runs/resnet/best.pt'],
    ['./runs/$NAME/best.pt', '/w/runs/resnet/best.pt'],
    ['../runs/*/epoch-*.pt', '/w/runs/resnet/epoch-030.pt'],
    ['runs/**/epoch-*.pt', '/w/runs/a/b/epoch-030.pt'],
    ['{epoch:02d}-{val_loss:.2f}-model.h5', '/w/07-0.31-model.h5'],
    ['epoch-{epoch}{suffix}.pt', '/w/epoch-12-ema.pt'],
    ['runs\\{name}\\best.pt', '/w/runs/a/best.pt'],
    ['/w/{x}/best.pt', '/w/a/best.pt'],
    ['best.pt', '/w/a/best.pt'],
  ])('%s fits %s', (written, path) => {
    expect(fit(written, path)).toBe(true);
  });

  it.each([
    ['runs/{name}/epoch-{epoch:03d}.pt', '/w/runs/resnet/epoch-30.pt'],
    ['runs/{name}/epoch-{epoch:03d}.pt', '/w/runs/resnet/epoch-abc.pt'],
    ['runs/{name}/epoch-{epoch:03d}.pt', '/w/runs/a/b/epoch-030.pt'],
    ['epoch-{epoch}.pt', '/w/epoch-1/last.pt'],
    ['epoch-{epoch}.pt', '/w/my-epoch-1.pt'],
    ['/v/{x}/best.pt', '/w/v/a/best.pt'],
    ['{name}.pt', '/w/anything.pt'],
    ['{dir}/{name}.pt', '/w/anything.pt'],
  ])('%s does not fit %s', (written, path) => {
    expect(fit(written, path)).toBe(false);
  });

  it('is told from one without', () => {
    expect(hasHoles('runs/a/epoch-030.pt')).toBe(false);
    expect(hasHoles('runs/a/epoch-*.pt')).toBe(true);
  });

  it('fits every path it was made from by cutting a hole', () => {
    const name = fc.stringMatching(/^[a-z]{2,8}$/);
    fc.assert(
      fc.property(name, name, fc.nat(9999), (run, stem, epoch) => {
        const path = `/w/runs/${run}/${stem}-${String(epoch).padStart(4, '0')}.pt`;
        expect(fit(`runs/{run}/${stem}-{epoch:04d}.pt`, path)).toBe(true);
        expect(fit(`{run}/${stem}-*.pt`, path)).toBe(true);
        expect(fit(`runs/${run}x/${stem}-*.pt`, path)).toBe(false);
      }),
    );
  });

  it('takes no longer than path times pattern, however it is made', () => {
    const written = `${'*a'.repeat(200)}.pt`;
    const begun = process.cpuUsage().user;
    expect(fit(written, `/${'a'.repeat(4000)}b.pt`)).toBe(false);
    // A backtracking matcher would need longer than the universe has.
    expect(process.cpuUsage().user - begun).toBeLessThan(5e6);
  });
});
