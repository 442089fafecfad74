import { NotificationType, RequestType, RequestType0 } from 'vscode-jsonrpc/node';
import {
  ANALYZE,
  DOCTOR,
  INSPECT,
  PARTIAL,
  PROGRESS,
  type AnalyzeParams,
  type AnalyzeResult,
  type DoctorReport,
  type InspectParams,
  type Inspection,
  type PartialDocument,
  type Progress,
} from '../shared/engineProtocol';

/** The engine's protocol, typed for vscode-jsonrpc. */
export const inspectRequest = new RequestType<InspectParams, Inspection, void>(INSPECT);
export const analyzeRequest = new RequestType<AnalyzeParams, AnalyzeResult, void>(ANALYZE);
export const doctorRequest = new RequestType0<DoctorReport, void>(DOCTOR);
export const progressNotification = new NotificationType<Progress>(PROGRESS);
export const partialNotification = new NotificationType<PartialDocument>(PARTIAL);
