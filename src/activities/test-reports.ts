import type { ChecksResult } from '../checks/checks-result.ts';
import { junitXml } from '../checks/junit-xml.ts';
import type { CheckReport } from '../checks/report.ts';
import type { StepRef } from '../contracts/work.ts';
import { leftBy } from '../run-files/run-files.ts';
import type { Dependencies } from './dependencies.ts';

/** Keeps what a check came to as JSON for Belay, and as JUnit XML for everybody else. Gives the id of the first. */
export async function writeTestReports(
  deps: Dependencies,
  step: StepRef,
  { commands, result, report }: { commands: string[]; result: ChecksResult; report: CheckReport },
): Promise<string> {
  const texts = {
    json: JSON.stringify(report, undefined, 2),
    xml: junitXml(commands, result),
  };
  const write = async (ending: keyof typeof texts): Promise<string> => {
    const artifact = await deps.files.writeArtifact({
      ...leftBy(step),
      kind: 'test_report',
      name: `${step.name}.${ending}`,
      text: texts[ending],
    });
    await deps.ledger.recordArtifact(artifact);
    return artifact.id;
  };
  await write('xml');
  return write('json');
}
