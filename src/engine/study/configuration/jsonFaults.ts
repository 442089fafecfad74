import { printParseErrorCode, type ParseErrorCode } from 'jsonc-parser';
import { say, type Message } from '../../../shared/words/message';

/** What jsonc-parser calls the ways a text can be no JSON. */
const FAULTS: Readonly<Record<string, Message>> = {
  CloseBraceExpected: say`CloseBraceExpected`,
  CloseBracketExpected: say`CloseBracketExpected`,
  ColonExpected: say`ColonExpected`,
  CommaExpected: say`CommaExpected`,
  EndOfFileExpected: say`EndOfFileExpected`,
  InvalidCharacter: say`InvalidCharacter`,
  InvalidCommentToken: say`InvalidCommentToken`,
  InvalidEscapeCharacter: say`InvalidEscapeCharacter`,
  InvalidNumberFormat: say`InvalidNumberFormat`,
  InvalidSymbol: say`InvalidSymbol`,
  InvalidUnicode: say`InvalidUnicode`,
  PropertyNameExpected: say`PropertyNameExpected`,
  UnexpectedEndOfComment: say`UnexpectedEndOfComment`,
  UnexpectedEndOfNumber: say`UnexpectedEndOfNumber`,
  UnexpectedEndOfString: say`UnexpectedEndOfString`,
  ValueExpected: say`ValueExpected`,
};

export function jsonFault(code: ParseErrorCode): string | Message {
  const name = printParseErrorCode(code);
  return FAULTS[name] ?? name;
}
